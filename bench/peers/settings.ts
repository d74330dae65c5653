/** The settings of the peers. */
export interface PeerSettings {
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes that the client may have. */
  readonly scope: string;
  /** Whether the peer commits each token to disk before it answers. */
  readonly isDurable?: boolean;
}
