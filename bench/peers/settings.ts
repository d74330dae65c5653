/** The settings of the peers. */
export interface PeerSettings {
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes that the client may have. */
  readonly scope: string;
}
