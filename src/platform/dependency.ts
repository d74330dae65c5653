/** A dependency (database, ledger, cache, queue, another server) did not respond. The caller gets 503 and may retry. */
export class DependencyDown extends Error {
  override readonly name = "DependencyDown";

  constructor(dependency: string, cause: unknown) {
    super(`${dependency} does not answer`, { cause });
  }
}
