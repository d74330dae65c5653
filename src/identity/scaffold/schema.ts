/** The wire shapes of starter projects. */
import { z } from "@hono/zod-openapi";
import { enumeration } from "../../platform/http/components.ts";
import { agentIdSchema } from "../../platform/ids.ts";
import { scaffoldLanguages } from "../../platform/telemetry/catalogue.ts";

export type ScaffoldLanguage = (typeof scaffoldLanguages)[number];

export const scaffoldPath = z.object({ agentId: agentIdSchema });

export const scaffoldQuerySchema = z.object({
  language: enumeration("ScaffoldLanguage", scaffoldLanguages).default("typescript").openapi({ default: "typescript" }),
});
