/** The registered resources (RFC 8707). The ledger needs them to decide for which API a token is. */
import { and, eq, isNull } from "drizzle-orm";
import QuickLRU from "quick-lru";
import { openDatabase } from "../platform/db/client.ts";
import { resources } from "../platform/db/schema.ts";
import type { OrganizationId, Scope } from "../platform/ids.ts";

export type Resource = typeof resources.$inferSelect;

/** How long a cached change of another organization may be stale, in milliseconds. A change of this organization counts at once. */
const trustedMs = 60_000;
/** The size of the cache in identifiers; QuickLRU holds up to twice as many. Most requests name a few. */
const mostKnown = 500;

interface Known {
  /** More than one row only for a loopback name, which several organizations may register. */
  readonly rows: readonly Resource[];
  readonly readAtMs: number;
}

/** The resources in the token requests of one organization. */
export class Resources {
  readonly #d1: D1Database;
  readonly #known = new QuickLRU<string, Known>({ maxSize: mostKnown });
  /** Grows with every change, so that a read from before the change does not enter the cache. */
  #generation = 0;

  constructor(d1: D1Database) {
    this.#d1 = d1;
  }

  /**
   * The resource of an identifier. The organization's own resource comes before another's.
   *
   * @param key the identifier in its form for comparison
   * @returns null for an identifier that no organization has registered
   */
  async find(organizationId: OrganizationId, key: string, nowMs: number): Promise<Resource | null> {
    const known = this.#known.get(key);
    const rows = known && nowMs - known.readAtMs < trustedMs ? known.rows : await this.#read(key, nowMs);
    return rows.find((row) => row.organizationId === organizationId) ?? rows[0] ?? null;
  }

  /** Drops the cache, because a resource or a domain of the organization has changed. */
  changed(): void {
    this.#generation++;
    this.#known.clear();
  }

  async #read(key: string, nowMs: number): Promise<readonly Resource[]> {
    const generation = this.#generation;
    const rows = await openDatabase(this.#d1)
      .select()
      .from(resources)
      .where(and(eq(resources.key, key), isNull(resources.deletedAt), isNull(resources.displacedAt)));
    if (generation === this.#generation) this.#known.set(key, { rows, readAtMs: nowMs });
    return rows;
  }
}

/**
 * The scopes that a token of an organization's agent can have for a resource.
 *
 * @param capabilities the agent's own grantable scopes; never a platform scope
 * @returns null when the organization may have no token for the resource
 */
export function scopesFor(
  resource: Resource,
  organizationId: OrganizationId,
  capabilities: readonly Scope[],
): readonly Scope[] | null {
  if (resource.status !== "active") return null;
  const known = resource.scopes.map(({ name }) => name);
  if (resource.organizationId === organizationId) {
    return known.length === 0 ? capabilities : capabilities.filter((scope) => known.includes(scope));
  }
  const entry = resource.allowedOrganizations.find((allowed) => allowed.organizationId === organizationId);
  if (!entry) return null;
  return capabilities.filter((scope) => entry.scopes.includes(scope) && known.includes(scope));
}
