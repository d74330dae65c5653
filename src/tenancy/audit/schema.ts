/** Wire shapes of the audit log. */
import { z } from "@hono/zod-openapi";
import { auditEventNames } from "../../events/catalogue.ts";
import type { AuditEvent } from "../../ledger/contract.ts";
import { component, enumeration } from "../../platform/http/components.ts";
import { text, textLike } from "../../platform/http/fields.ts";
import { pageQuery, pageSchema } from "../../platform/http/pagination.ts";
import { agentIdSchema, eventIdSchema, organizationIdSchema } from "../../platform/ids.ts";
import { dayMs } from "../../platform/time.ts";
import { sha256 } from "./checkpoints/schema.ts";

const outcomeSchema = enumeration("Outcome", ["success", "failure"]);
const orderSchema = enumeration("AuditOrder", ["desc", "asc"]);
const actionSchema = enumeration("AuditAction", auditEventNames);

const day = z.iso.date();
const dateTime = z.iso.datetime({ offset: true });

/**
 * A point in time in a query: an ISO 8601 date-time with its offset, or a date.
 *
 * @param end the end of the UTC day that a date means
 * @returns a schema whose output is milliseconds since the epoch
 */
function instant(end: "first" | "last") {
  return z
    .string()
    .refine((text) => day.safeParse(text).success || dateTime.safeParse(text).success, {
      error: "must be an ISO 8601 date-time such as 2026-01-31T09:30:00Z, or a date such as 2026-01-31",
    })
    .transform((text) => Date.parse(text) + (end === "last" && text.length === "2026-01-31".length ? dayMs - 1 : 0));
}

const fromParameter = instant("first")
  .optional()
  .openapi({
    param: { description: "The earliest time, included. A date means the start of that UTC day." },
    type: "string",
    example: "2026-01-01T00:00:00.000Z",
  });

const toParameter = instant("last")
  .optional()
  .openapi({
    param: { description: "The latest time, included. A date means the end of that UTC day." },
    type: "string",
    example: "2026-01-31",
  });

const ordered = (from: number | undefined, to: number | undefined) =>
  from === undefined || to === undefined || from <= to;

const positionRule = "must be a whole number from 0 to 999999999999999: the sequence of an event";

const afterSequenceParameter = z
  .string({ error: positionRule })
  .regex(/^(?:0|[1-9][0-9]{0,14})$/, { error: positionRule })
  .transform(Number)
  .optional()
  .openapi({
    param: {
      description:
        "With `order=asc`: only events with a higher sequence. 0, or no value: from the oldest event that is kept",
    },
    type: "integer",
    minimum: 0,
    example: 41,
  });

/** The query of `GET /audit`. The output has times in milliseconds since the epoch. */
export const eventQuerySchema = pageQuery
  .extend({
    order: orderSchema.default("desc").openapi({
      default: "desc",
      param: { description: "`desc`: the newest event first. `asc`: the oldest first" },
    }),
    afterSequence: afterSequenceParameter,
    agentId: agentIdSchema.optional().openapi({
      param: { description: "Events that are about this agent. (The agent that acted is `actor.agentId`.)" },
      type: "string",
      format: "uuid",
    }),
    action: actionSchema.optional(),
    outcome: outcomeSchema.optional(),
    target: text(1, 512)
      .optional()
      .openapi({
        param: { description: "Events whose `target` is exactly this" },
        example: "0199f0c2-5a31-7f34-a266-8b2d3e4f5061",
      }),
    from: fromParameter,
    to: toParameter,
  })
  .refine(({ order, afterSequence }) => order === "asc" || afterSequence === undefined, {
    path: ["afterSequence"],
    error: "needs order=asc: only the oldest first can be followed without a gap",
  })
  .refine(({ from, to }) => ordered(from, to), { path: ["to"], error: "must not be before from" });

export const verificationQuerySchema = z
  .object({ fromDate: fromParameter, toDate: toParameter })
  .refine(({ fromDate, toDate }) => ordered(fromDate, toDate), {
    path: ["toDate"],
    error: "must not be before fromDate",
  });

const flag = (description: string) =>
  z
    .enum(["true", "false"], { error: "must be true or false" })
    .default("false")
    .openapi({ type: "boolean", default: false, param: { description } });

export const exportQuerySchema = z
  .object({
    from: fromParameter,
    to: toParameter,
    format: enumeration("ExportFormat", ["ndjson", "csv"], "must be ndjson or csv")
      .default("ndjson")
      .openapi({ default: "ndjson" }),
    agents: flag(
      '`true`: the export also has a line `{ type: "agent", agentId, email }` for each agent of the organization that its events name. Such a line is no event; no hash covers it.',
    ),
    checkpoints: flag(
      "`true`: signs the end of the log; after the events the export also has a line for each signed checkpoint (`type` `checkpoint`), " +
        "for each key of the service that signs them (`key`), and a last one with the number of lines (`end`). " +
        "`/tools/verify-audit-log.mjs` verifies such an export without the service.",
    ),
  })
  .refine(({ from, to }) => ordered(from, to), { path: ["to"], error: "must not be before from" });

export const eventParamsSchema = z.object({
  eventId: eventIdSchema.openapi({ param: { name: "eventId", in: "path" }, type: "string", format: "uuid" }),
});

/** One event of the audit log. The hash covers every field except `hash`. */
export const auditEventSchema = z
  .object({
    eventId: z.uuid(),
    sequence: z.int().openapi({ description: "The position in the chain: from 1, without gaps" }),
    organizationId: z.uuid(),
    agentId: z.uuid().nullable().openapi({ description: "The agent that the event is about; null: no agent" }),
    action: z.string().openapi("AuditAction"),
    outcome: outcomeSchema,
    actor: z
      .object({
        agentId: z
          .uuid()
          .nullable()
          .openapi({ description: "null: the service itself, or an unauthenticated caller (a failed sign-in)" }),
        credentialId: z.uuid().optional(),
        ip: z.string(),
        userAgent: z.string(),
      })
      .openapi("AuditActor", { description: "The caller whose request caused the event" }),
    target: z.string().nullable().openapi({
      description: "The id of the agent, credential, token, key, organization or other record that the event is about",
    }),
    details: z
      .custom<AuditEvent["details"]>((value) => typeof value === "object" && value !== null)
      .openapi({
        type: "object",
        additionalProperties: true,
        description:
          "More facts about the event. `unreadable` has the raw columns of an event that was damaged in the database",
      }),
    timestamp: z.iso.datetime(),
    previousHash: sha256.openapi({ description: "The hash of the previous event; 64 zeros for sequence 1" }),
    hash: sha256.openapi({ description: "SHA-256 in hex over the RFC 8785 form of all other fields" }),
  })
  .openapi("AuditEvent", {
    example: {
      eventId: "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10",
      sequence: 1,
      organizationId: "0199f0c2-5a31-7d12-8a44-6f0b1c2d3e4f",
      agentId: "0199f0c2-5a31-7e23-b155-7a1c2d3e4f50",
      action: "token.issued",
      outcome: "success",
      actor: { agentId: "0199f0c2-5a31-7e23-b155-7a1c2d3e4f50", ip: "203.0.113.7", userAgent: "curl/8.9.1" },
      target: "0199f0c2-5a31-7f34-a266-8b2d3e4f5061",
      details: { scope: "agents:read" },
      timestamp: "2026-01-31T09:30:00.000Z",
      previousHash: "0000000000000000000000000000000000000000000000000000000000000000",
      hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    },
  });

/** Agents by their ids. The description says which. */
export const namedAgents = (description: string) =>
  z
    .record(z.uuid(), z.object({ email: textLike("screener-01@acme.example") }).openapi("NamedAgent"))
    .openapi({ description });

const namedAgentsSchema = namedAgents(
  "The agents of the organization that the events of the page name (`agentId`, `actor.agentId`), by their ids. The e-mail is that of the agent's record now; it is in no event, and no hash covers it",
);

/** The missing events: the first and the last sequence. */
const missingSchema = component("MissingEvents", z.object({ fromSequence: z.int(), toSequence: z.int() }));

export const eventPageSchema = z
  .object({
    ...pageSchema("AuditEventPage", auditEventSchema).shape,
    agents: namedAgentsSchema,
    nextAfterSequence: z.int().optional().openapi({
      description:
        "With `order=asc` only: the `afterSequence` of the next request. Every event up to there that matches is in this page or an earlier one. After the last page it is the end of the log, whatever the filters",
      example: 42,
    }),
    missing: z.array(missingSchema).optional().openapi({
      description:
        "With `order=asc` only: the events between `afterSequence` and `nextAfterSequence` that the log has lost, see Gaps. With a filter only those whose loss is accepted",
      example: [],
    }),
  })
  .openapi("AuditEventPage");

const sequence = z.int({ error: "must be a whole number" }).min(1, { error: "must be at least 1" });

const gapFields = {
  ...missingSchema.shape,
  reason: textLike("Restore of 2026-11-22; the events of the last 20 minutes are lost"),
  acceptedAt: z.iso.datetime(),
  acceptedBy: z.uuid().nullable().openapi({ description: "The agent of the operator that accepted the gap" }),
  eventId: z.uuid().openapi({ description: "The event `audit.gap_accepted` in the log of the organization" }),
};

const gapSchema = z.object(gapFields).openapi("AuditGap");

/** A gap to accept. */
export const acceptGapSchema = z
  .strictObject({
    organizationId: organizationIdSchema.openapi({
      type: "string",
      format: "uuid",
      description: "The organization whose log has the gap",
    }),
    fromSequence: sequence.openapi({ description: "The first missing event" }),
    toSequence: sequence.openapi({ description: "The last missing event" }),
    reason: text(0, 500)
      .trim()
      .min(3, { error: "must have at least 3 characters, without the blanks around them" })
      .openapi({
        description: "Blanks around it are removed; instead of an e-mail address the log has `[e-mail]`",
        example: "Restore of 2026-11-22; the events of the last 20 minutes are lost",
      }),
  })
  .refine(({ fromSequence, toSequence }) => fromSequence <= toSequence, {
    path: ["toSequence"],
    error: "must not be before fromSequence",
  })
  .openapi("AcceptAuditGap");

export const acceptedGapSchema = z.object({ organizationId: z.uuid(), ...gapFields }).openapi("AcceptedAuditGap");

export const auditVerificationSchema = z
  .object({
    verified: z.boolean().openapi({ example: true }),
    checkedCount: z.int().openapi({ description: "The number of events that were verified" }),
    fromDate: z.iso.datetime().nullable().openapi({ description: "null: from the first event" }),
    toDate: z.iso.datetime().nullable().openapi({ description: "null: to the last event" }),
    brokenAtEventId: z.string().nullable().openapi({
      description:
        "The first event that does not fit the chain. For a gap, the event after it; for a missing end, the last event that was written. null: the chain is intact",
    }),
    missing: missingSchema.nullable().openapi({
      description:
        "The events that are missing before `brokenAtEventId`. null: no event is missing there, or events were changed",
    }),
    gaps: z.array(gapSchema).openapi({
      description:
        "The gaps that an admin of the operator has accepted, the first one first. The events in them are lost. They stay in this list for ever",
    }),
  })
  .openapi("AuditVerification");

export type NamedAgents = z.output<typeof namedAgentsSchema>;
export type EventQuery = z.output<typeof eventQuerySchema>;
export type VerificationQuery = z.output<typeof verificationQuerySchema>;
export type ExportQuery = z.output<typeof exportQuerySchema>;
export type AcceptGap = z.output<typeof acceptGapSchema>;
export type GapView = z.output<typeof gapSchema>;
export type AcceptedGapView = z.output<typeof acceptedGapSchema>;
export type AuditVerification = z.output<typeof auditVerificationSchema>;
