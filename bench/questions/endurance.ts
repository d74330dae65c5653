/** How do many tokens in a row change the memory, and the time to verify the audit log? */
import { type Figures, run } from "../load.ts";
import type { Question, Run } from "../question.ts";
import { median } from "../rounds.ts";
import { agentScope, authorizedGet, flushEvents, type Service, send, startService, tokenRequest } from "../service.ts";
import { mebibytes, milliseconds, type Table, whole } from "../table.ts";

/** Memory is measured after each of this many equal parts. */
const parts = 4;
/** A part of this fraction runs first, so that everything is loaded. */
const warmUpPart = 20;
const verifications = 5;

interface Part extends Figures {
  readonly issued: number;
  readonly residentBytes: number;
}

async function issueMany(service: Service, { plan, progress }: Run): Promise<Part[]> {
  const { origin, agent, organization } = service;
  const load = { origin, request: tokenRequest(agent, agentScope), connections: plan.usualConnections };
  const measured: Part[] = [];
  const warmUpTokens = Math.ceil(plan.manyTokens / warmUpPart);
  const batches = [warmUpTokens, ...Array.from({ length: parts }, () => Math.ceil(plan.manyTokens / parts))];
  let issued = -warmUpTokens;
  for (const requests of batches) {
    const figures = await run({ ...load, until: { requests } });
    await flushEvents(origin, organization);
    issued += requests;
    const residentBytes = await service.call<number>("residentBytes");
    measured.push({ ...figures, issued, residentBytes });
    progress(`${whole(issued)} tokens: ${mebibytes(residentBytes)} MiB, ${whole(figures.requestsPerSecond)}/s`);
  }
  return measured;
}

interface LogVerification {
  readonly events: number;
  readonly milliseconds: number;
}

async function verify({ origin, organization }: Service, least: number): Promise<LogVerification> {
  const startedMs = performance.now();
  const found = await send<{ verified: boolean; checkedCount: number }>(
    origin,
    authorizedGet("/api/v1/audit/verify", organization.token),
  );
  if (!found.verified || found.checkedCount < least) throw new Error(`the log is not intact: ${JSON.stringify(found)}`);
  return { events: found.checkedCount, milliseconds: performance.now() - startedMs };
}

export const endurance: Question = {
  name: "endurance",
  answer: async (context) => {
    const service = await startService({ which: "service" });
    const issuing = await issueMany(service, context);
    const verifying: LogVerification[] = [];
    while (verifying.length < verifications) verifying.push(await verify(service, context.plan.manyTokens));
    await service.stop();
    const events = verifying[0]?.events ?? 0;
    const tookMs = median(verifying.map((one) => one.milliseconds));
    const tables: Table[] = [
      {
        name: "memory",
        title: "Memory of workerd while tokens are issued in a row, their events moved to D1 included",
        columns: ["tokens issued", "requests/s", "resident MiB"],
        rows: issuing.map((part) => [whole(part.issued), whole(part.requestsPerSecond), mebibytes(part.residentBytes)]),
      },
      {
        name: "verification",
        title: "Verifying an audit log, from request to answer",
        columns: ["events", "ms", "events/s"],
        rows: [[whole(events), milliseconds(tookMs), whole((events * 1000) / tookMs)]],
      },
    ];
    return { tables, measured: { issuing, verifying } };
  },
};
