/** For which API a token is: the registered resources, as the ledger needs them to decide on a token request (RFC 8707). */
import { and, eq, isNull } from "drizzle-orm";
import QuickLRU from "quick-lru";
import { openDatabase } from "../platform/db/client.ts";
import { resources } from "../platform/db/schema.ts";
import type { OrganizationId, Scope } from "../platform/ids.ts";

export type Resource = typeof resources.$inferSelect;

/** How long what another organization decides may be out of date here, in milliseconds. A change of one's own counts at once. */
const trustedMs = 60_000;
/** Identifiers kept in memory, or up to twice as many; most requests name a few. */
const mostKnown = 500;

interface Known {
  /** More than one for a loopback name alone, which several organizations may register. */
  readonly rows: readonly Resource[];
  readonly readAtMs: number;
}

/** The resources that token requests of one organization name. */
export class Resources {
  readonly #d1: D1Database;
  readonly #known = new QuickLRU<string, Known>({ maxSize: mostKnown });
  /** Grows with every change, so that a read that began before one is not kept. */
  #generation = 0;

  constructor(d1: D1Database) {
    this.#d1 = d1;
  }

  /**
   * The resource of an identifier; the organization's own before another's.
   *
   * @param key the identifier in the form in which two are compared
   * @returns null for an identifier that no organization has registered
   */
  async find(organizationId: OrganizationId, key: string, nowMs: number): Promise<Resource | null> {
    const known = this.#known.get(key);
    const rows = known && nowMs - known.readAtMs < trustedMs ? known.rows : await this.#read(key, nowMs);
    return rows.find((row) => row.organizationId === organizationId) ?? rows[0] ?? null;
  }

  /** A resource or a domain of the organization has changed. */
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
 * What a token of an organization's agent can carry for a resource.
 *
 * @param capabilities what the agent may be granted of its own; never a platform scope
 * @returns null where the organization may have no token for it
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
