/** The checkpoints, for whoever wants to keep them elsewhere or check them alone. */
import { z } from "@hono/zod-openapi";
import type { Caller } from "../../../access/caller.ts";
import { keyRecords } from "../../../keys/service.ts";
import type { Context } from "../../../platform/context.ts";
import {
  decodeCursor,
  encodeCursor,
  type List,
  type Page,
  type PageRequest,
  page,
} from "../../../platform/http/pagination.ts";
import { ok, type Result } from "../../../platform/problems/result.ts";
import type { CheckpointView } from "../schema.ts";
import { isTime } from "./signing.ts";
import { findCheckpoints } from "./store.ts";

/** A page of the organization's checkpoints, newest first. */
export async function listCheckpoints(
  context: Context,
  { organizationId }: Caller,
  { limit, cursor }: PageRequest,
): Promise<Result<Page<CheckpointView>>> {
  const list: List = { name: "audit-checkpoints", organizationId };
  const before = decodeCursor(list, z.number(), cursor);
  if (!before.ok) return before;
  const [rows, keys] = await Promise.all([
    findCheckpoints(context, organizationId, before.value, limit + 1),
    keyRecords(context),
  ]);
  const views = rows.map(({ sequence, eventId, hash, timestamp, kid, jws }): CheckpointView => {
    const key = keys.get(kid);
    const compromisedAtMs = key?.compromisedAtMs ?? null;
    return {
      sequence,
      eventId,
      hash,
      timestamp: new Date(isTime(timestamp) ? timestamp : 0).toISOString(),
      jws,
      publicKeyJwk: key?.publicJwk ?? null,
      keyCompromisedAt: compromisedAtMs === null ? null : new Date(compromisedAtMs).toISOString(),
    };
  });
  return ok(page(views, limit, (last) => encodeCursor(list, last.sequence)));
}
