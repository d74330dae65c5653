/** What `cloudflare:test` has and does not export. */
declare module "cloudflare:test-internal" {
  /** Waits for everything that handlers have handed to `waitUntil`; rejects when a part of it did. */
  export function waitForGlobalWaitUntil(): Promise<void>;
}
