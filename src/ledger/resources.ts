/** The registered resources (RFC 8707). The ledger needs them to decide for which API a token is. */
import { and, eq, isNull, sql } from "drizzle-orm";
import QuickLRU from "quick-lru";
import { openDatabase } from "../platform/db/client.ts";
import { isAtOrBelowName } from "../platform/db/conditional.ts";
import { organizations, resources } from "../platform/db/schema.ts";
import type { OrganizationId, Scope } from "../platform/ids.ts";
import { dayMs, isYounger } from "../platform/time.ts";
import type { Holds } from "./holds.ts";

/** How long tokens for the resources of a lapsed domain are still issued and active, in milliseconds. */
const lapsedGraceMs = 7 * dayMs;

/**
 * Until when the organization has the name of a resource, in milliseconds: null without a host, always for a verified domain,
 * seven days more for a lapsed one.
 */
const heldUntilMs = sql<number | null>`CASE WHEN ${resources.host} IS NULL THEN NULL ELSE coalesce((
  SELECT max(CASE status WHEN 'verified' THEN ${Number.MAX_SAFE_INTEGER} WHEN 'lapsed' THEN lapsed_at + ${lapsedGraceMs} ELSE 0 END)
  FROM domains WHERE domains.organization_id = ${resources.organizationId}
    AND ${isAtOrBelowName(resources.host, sql`domains.domain`)}), 0) END`;

/** A resource, with the state of its organization and of its domain. */
export type Resource = Awaited<ReturnType<typeof readResources>>[number];

function readResources(d1: D1Database, key: string) {
  return openDatabase(d1)
    .select({
      resource: resources,
      ownerStatus: organizations.status,
      heldUntilMs,
    })
    .from(resources)
    .innerJoin(organizations, eq(organizations.id, resources.organizationId))
    .where(and(eq(resources.key, key), isNull(resources.deletedAt), isNull(resources.displacedAt)))
    .then((rows) => rows.map(({ resource, ...state }) => ({ ...resource, ...state })));
}

/** How long a cached change of another organization may be stale, in milliseconds. A change of this organization counts at once. */
const trustedMs = 60_000;
/** The size of the cache in identifiers; QuickLRU holds up to twice as many. Most requests name a few. */
const mostKnown = 500;
/** How many resources of the organization are compared for the text of a refusal. */
const mostCompared = 200;

interface Known {
  /** More than one row only for a loopback name, which several organizations may register. */
  readonly rows: readonly Resource[];
  readonly readAtMs: number;
}

/** How many characters two texts have in common at their beginning. */
function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}

/** The resources in the token requests of one organization. While a change of one is in progress, each call reads it from D1. */
export class Resources {
  readonly #holds: Pick<Holds, "hasResources">;
  readonly #d1: D1Database;
  readonly #known = new QuickLRU<string, Known>({ maxSize: mostKnown });
  /** Grows with every change, so that a read from before the change does not enter the cache. */
  #generation = 0;

  constructor(holds: Pick<Holds, "hasResources">, d1: D1Database) {
    this.#holds = holds;
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
    const rows = known && isYounger(known.readAtMs, trustedMs, nowMs) ? known.rows : await this.#read(key, nowMs);
    return rows.find((row) => row.organizationId === organizationId) ?? rows[0] ?? null;
  }

  /** The identifier among the organization's active resources that has the longest common beginning with the key. */
  async nearest(organizationId: OrganizationId, key: string): Promise<string | null> {
    const rows = await openDatabase(this.#d1)
      .select({ identifier: resources.identifier, key: resources.key })
      .from(resources)
      .where(
        and(eq(resources.organizationId, organizationId), eq(resources.status, "active"), isNull(resources.deletedAt)),
      )
      .limit(mostCompared);
    const [nearest] = rows.sort((a, b) => commonLength(b.key, key) - commonLength(a.key, key));
    return nearest?.identifier ?? null;
  }

  /** Drops the cache, because a resource or a domain of the organization, or the organization, has changed or is about to. */
  changed(): void {
    this.#generation++;
    this.#known.clear();
  }

  async #read(key: string, nowMs: number): Promise<readonly Resource[]> {
    const generation = this.#generation;
    const rows = await readResources(this.#d1, key);
    if (generation === this.#generation && !this.#holds.hasResources()) this.#known.set(key, { rows, readAtMs: nowMs });
    return rows;
  }
}

/** Whether tokens for the resource are valid now: it is active, and so are its organization and its domain. */
const isOpen = ({ status, ownerStatus, heldUntilMs }: Resource, nowMs: number): boolean =>
  status === "active" && ownerStatus === "active" && (heldUntilMs === null || nowMs < heldUntilMs);

/**
 * The scopes that a token of an organization's agent can have for a resource.
 *
 * @param capabilities the capabilities that the token can carry
 * @returns null when the organization may have no token for the resource
 */
export function scopesFor(
  resource: Resource,
  organizationId: OrganizationId,
  capabilities: readonly Scope[],
  nowMs: number,
): readonly Scope[] | null {
  if (!isOpen(resource, nowMs)) return null;
  const known = resource.scopes.map(({ name }) => name);
  if (resource.organizationId === organizationId) {
    return known.length === 0 ? capabilities : capabilities.filter((scope) => known.includes(scope));
  }
  const entry = resource.allowedOrganizations.find((allowed) => allowed.organizationId === organizationId);
  if (!entry) return null;
  return capabilities.filter((scope) => entry.scopes.includes(scope) && known.includes(scope));
}
