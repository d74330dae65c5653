/** The wire shape of the controls, and their snapshot in KV. */
import { z } from "@hono/zod-openapi";
import { enumeration } from "../../platform/http/components.ts";
import type { ControlStatus } from "./catalogue.ts";

const controlStatuses = ["pass", "fail", "unknown"] as const satisfies readonly ControlStatus[];
const statusSchema = enumeration("ControlStatus", controlStatuses);

const controlSchema = z
  .object({
    id: z.string().openapi({ example: "CC6.7" }),
    name: z.string().openapi({ example: "Encryption in Transit" }),
    status: statusSchema.openapi({
      description: "`unknown`: not measured within the last 15 minutes, or not measurable",
    }),
    lastChecked: z.iso.datetime().nullable().openapi({
      description: "null before the first measurement. Of CC7.3: the time of the oldest verification that counts",
    }),
    evidence: z.string().openapi({
      description: "The measurement",
      example: "Issuer is https, HSTS is sent, 12 webhook targets, all https",
    }),
  })
  .openapi("Control");

export const controlListSchema = z.object({ controls: z.array(controlSchema) }).openapi("ControlList");

export type ControlList = z.output<typeof controlListSchema>;

/** The last measurements. */
export const snapshotSchema = z.array(
  z.object({
    id: z.string(),
    status: z.enum(controlStatuses),
    evidence: z.string(),
    checkedAt: z.int(),
    lastCheckedAt: z.int().nullable().default(null),
  }),
);

export type Measurement = z.output<typeof snapshotSchema>[number];
