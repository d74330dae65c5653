/** CC6.7: HSTS is sent, and the issuer and all webhook targets are https. */
import { amount } from "../../../platform/amount.ts";
import type { Check } from "../measuring.ts";
import { webhookTargets } from "../store.ts";

/** Half a year: the common minimum for HSTS. */
const leastMaxAgeSeconds = 15_768_000;

export const encryptionInTransit: Check = async (context, { callApp }) => {
  const { issuer, environment } = context.settings;
  const { total, insecure } = await webhookTargets(context);
  if (insecure > 0) return { status: "fail", evidence: `${amount(insecure, "webhook target")} without https` };
  if (!issuer.startsWith("https://")) {
    return environment === "development"
      ? { status: "unknown", evidence: "A development service without https" }
      : { status: "fail", evidence: "The issuer is not https" };
  }
  const { headers } = await callApp(context, new Request(`${issuer}/health`));
  const [, maxAge = "0"] = /max-age=(\d+)/.exec(headers.get("Strict-Transport-Security") ?? "") ?? [];
  if (Number(maxAge) < leastMaxAgeSeconds)
    return { status: "fail", evidence: "HSTS is not sent, or for too short a time" };
  return { status: "pass", evidence: `Issuer is https, HSTS is sent, ${amount(total, "webhook target")}, all https` };
};
