/**
 * Attack: 10,000 sign-in failures from one source: throttled; the real client still gets in; the audit log does not flood.
 */
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  type Body,
  call,
  newClient,
  newOrganization,
  type Organization,
  theOperator,
} from "../support/api.ts";

const atOnce = 200;

let tenant: Organization;

beforeAll(async () => {
  tenant = await newOrganization();
});

const signIn = (client: { clientId: string; clientSecret: string }, ip: string) =>
  call("/api/v1/token", {
    basic: client,
    form: { grant_type: "client_credentials" },
    headers: { "CF-Connecting-IP": ip },
  });

/** How often each status was answered. */
async function flooded(flood: number, ask: (index: number) => Promise<Answer>): Promise<Record<string, number>> {
  const statuses: Record<string, number> = {};
  for (let begun = 0; begun < flood; begun += atOnce) {
    const answers = await Promise.all(Array.from({ length: atOnce }, (_, index) => ask(begun + index)));
    for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

async function refusalsIn(token: string): Promise<number> {
  let [count, cursor]: [number, string | null] = [0, null];
  do {
    const query: string = `action=token.refused&limit=100${cursor ? `&cursor=${cursor}` : ""}`;
    const { body }: Answer = await call(`/api/v1/audit?${query}`, { token });
    count += body.data.length;
    cursor = body.nextCursor;
  } while (cursor);
  return count;
}

describe("failures from one source", () => {
  it("10,000 for one client: throttled after ten a minute, while the client itself gets in from elsewhere", {
    timeout: 300_000,
  }, async () => {
    const client = await newClient(tenant.token);
    // Once before: while there is a flood, an instance accepts the secrets that it has seen.
    expect((await signIn(client, "203.0.113.7")).status).toBe(200);
    let letIn = 0;
    const statuses = await flooded(10_000, async (index) => {
      // The real client, in the middle of it, from its own address.
      if (index % 1000 === 500 && (await signIn(client, "203.0.113.7")).status === 200) letIn++;
      return signIn({ clientId: client.clientId, clientSecret: `guess-${index}` }, "198.51.100.66");
    });
    expect(letIn).toBe(10);
    expect(Object.keys(statuses).sort()).toEqual(["401", "429"]);
    // Ten, and those that were under way when the tenth failed; again for each minute that this takes.
    expect(statuses["429"]).toBeGreaterThan(9_000);
    expect((await signIn(client, "203.0.113.8")).status).toBe(200);
    expect(await refusalsIn(tenant.token)).toBeLessThan(60);
    const { body } = await call("/api/v1/audit/verify", { token: tenant.token });
    expect(body.verified).toBe(true);
  });

  it("1,000, each for a client that never was: the operator's log does not flood, and nobody else is shut out", {
    timeout: 300_000,
  }, async () => {
    const operator = await theOperator();
    const before = await refusalsIn(operator.token);
    const statuses = await flooded(1_000, () =>
      signIn({ clientId: crypto.randomUUID(), clientSecret: "guess" }, "198.51.100.77"),
    );
    expect(Object.keys(statuses).sort()).toEqual(["401", "429"]);
    // Sixty a minute, for each minute that this takes.
    expect(statuses["429"]).toBeGreaterThan(700);
    expect((await refusalsIn(operator.token)) - before).toBe(0);
    const bystander: Body = await newClient(tenant.token);
    expect((await signIn(bystander as never, "198.51.100.77")).status).toBe(200);
  });
});
