/** The checkpoints, for whoever wants to keep them elsewhere or check them alone. */

import { z } from "@hono/zod-openapi";
import type { Caller } from "../../../access/caller.ts";
import { keyRecords } from "../../../keys/service.ts";
import type { Context } from "../../../platform/context.ts";
import { type Page, type PageRequest, pageOf } from "../../../platform/http/pagination.ts";
import type { Result } from "../../../platform/problems/result.ts";
import { isoOf, isoOrNull } from "../../../platform/time.ts";
import type { CheckpointView } from "../schema.ts";
import { isTime } from "./signing.ts";
import { findCheckpoints } from "./store.ts";

/** A page of the organization's checkpoints, newest first. */
export async function listCheckpoints(
  context: Context,
  { organizationId }: Caller,
  request: PageRequest,
): Promise<Result<Page<CheckpointView>>> {
  return pageOf({ name: "audit-checkpoints", organizationId }, z.number(), request, {
    read: async ({ before, limit }) => {
      const [rows, keys] = await Promise.all([
        findCheckpoints(context, organizationId, before, limit),
        keyRecords(context),
      ]);
      return rows.map((row) => ({ ...row, key: keys.get(row.kid) }));
    },
    keyOf: ({ sequence }) => sequence,
    show: ({ sequence, eventId, hash, timestamp, jws, key }) => ({
      sequence,
      eventId,
      hash,
      timestamp: isoOf(isTime(timestamp) ? timestamp : 0),
      jws,
      publicKeyJwk: key?.publicJwk ?? null,
      keyCompromisedAt: isoOrNull(key?.compromisedAtMs ?? null),
    }),
  });
}
