/** The figures of the overview, each with its query. */
import { read } from "../../api/queries.ts";
import type { AgentSummary, Control, Webhook } from "../../api/schema.ts";
import { countText, plural } from "../../ui/number.tsx";
import { relativeTime } from "../../ui/time.tsx";
import { countOf, most } from "./counted.ts";
import { ReadFigure } from "./read-figure.tsx";
import { countRefusals, refusalsSince, refused } from "./refusals.ts";

const summary = () => read("GET /agents/summary");

/** A day ago, to the minute: with milliseconds each look would be another query. */
function dayAgo(): string {
  const minuteMs = 60_000;
  return new Date(Math.floor(Date.now() / minuteMs) * minuteMs - 24 * 60 * minuteMs).toISOString();
}

function refusalsNote(value: number, omitted: number): string {
  if (value === 0) return "no refused client";
  const clients = "clients that the token endpoint refused";
  return omitted === 0 ? clients : `${clients}; ${countText(omitted)} counted without an event each`;
}

export function AttentionFigures() {
  const from = dayAgo();
  return (
    <>
      <ReadFigure
        label="Failed sign-ins, 24 hours"
        needs="audit:read"
        query={refusalsSince(from)}
        show={(refusals) => {
          const { omitted, ...counted } = countRefusals(refusals);
          return {
            ...counted,
            tone: counted.value > 0 ? "warn" : "neutral",
            note: refusalsNote(counted.value, omitted),
            to: "/audit",
            search: refused(from),
          };
        }}
      />
      <ReadFigure
        label="Credentials that expire"
        needs="agents:read"
        query={summary()}
        show={({ credentialsExpiringSoon }: AgentSummary) => ({
          value: credentialsExpiringSoon,
          tone: credentialsExpiringSoon > 0 ? "warn" : "neutral",
          note: "within 7 days",
          to: "/analytics",
          search: { tab: "credentials" },
        })}
      />
      <ReadFigure
        label="Dead letters"
        needs="webhooks:read"
        query={read("GET /webhooks", { query: { limit: most } })}
        show={({ data }) => ({ ...deadLetters(data), to: "/webhooks" })}
      />
      <ReadFigure
        label="Controls that pass"
        needs={null}
        query={read("GET /compliance/controls")}
        show={({ controls }) => ({ ...passing(controls), to: "/compliance", search: { tab: "controls" } })}
      />
    </>
  );
}

function deadLetters(webhooks: readonly Webhook[]) {
  const value = webhooks.reduce((sum, { failure_count }) => sum + failure_count, 0);
  const off = webhooks.filter(({ active }) => !active).length;
  const note =
    off === 0 ? `in a row, of ${plural(webhooks.length, "webhook")}` : `${plural(off, "webhook")} switched off`;
  return { value, note, tone: value > 0 || off > 0 ? ("warn" as const) : ("neutral" as const) };
}

function passing(controls: readonly Control[]) {
  const value = controls.filter(({ status }) => status === "pass").length;
  const failing = controls.filter(({ status }) => status === "fail");
  const note = failing.length === 0 ? "none fails" : `failing: ${failing.map(({ id }) => id).join(", ")}`;
  return {
    value,
    of: `of ${controls.length}`,
    note,
    tone: failing.length > 0 ? ("bad" as const) : ("neutral" as const),
  };
}

export function AgentFigures() {
  return (
    <>
      <ReadFigure
        label="Active"
        needs="agents:read"
        query={summary()}
        show={({ byStatus, total }: AgentSummary) => ({
          value: byStatus.active,
          of: `of ${countText(total)}`,
          note: `${countText(byStatus.decommissioned)} decommissioned`,
          to: "/agents",
          search: { status: "active" },
        })}
      />
      <ReadFigure
        label="Suspended"
        needs="agents:read"
        query={summary()}
        show={({ byStatus }: AgentSummary) => ({
          value: byStatus.suspended,
          note: "refused everywhere until reactivated",
          to: "/agents",
          search: { status: "suspended" },
        })}
      />
      <ReadFigure
        label="Cannot sign in"
        needs="agents:read"
        query={summary()}
        show={({ withoutCredential }: AgentSummary) => ({
          value: withoutCredential,
          note: "no credential, key or trust policy",
        })}
      />
      <ReadFigure
        label="Delegations alive"
        needs="agents:read"
        query={read("GET /oauth2/token/delegations", { query: { of: "organization", status: "active", limit: most } })}
        show={(page) => ({
          ...countOf(page),
          note: "scopes lent from agent to agent",
          to: "/delegations",
          search: { status: "active" },
        })}
      />
    </>
  );
}

const ofLimit = (value: number, max: number | null) =>
  max === null
    ? { value, of: "no limit" }
    : {
        value,
        of: `of ${countText(max)}`,
        used: value / max,
        tone: value >= 0.8 * max ? ("warn" as const) : ("neutral" as const),
      };

export function UseFigures() {
  const status = read("GET /tiers/status");
  return (
    <>
      <ReadFigure
        label="Tokens"
        needs={null}
        query={status}
        show={({ usage, limits, resetsAt }) => ({
          ...ofLimit(usage.tokensToday, limits.maxTokensPerDay),
          note: `resets ${relativeTime(resetsAt)}`,
          to: "/analytics",
        })}
      />
      <ReadFigure
        label="Calls"
        needs={null}
        query={status}
        show={({ usage, limits, resetsAt }) => ({
          ...ofLimit(usage.callsToday, limits.maxCallsPerDay),
          note: `resets ${relativeTime(resetsAt)}`,
          to: "/analytics",
          search: { tab: "calls" },
        })}
      />
      <ReadFigure
        label="Agents that count"
        needs={null}
        query={status}
        show={({ usage, limits, tier }) => ({
          ...ofLimit(usage.agentCount, limits.maxAgents),
          note: `tier ${tier}`,
          to: "/tier",
        })}
      />
    </>
  );
}
