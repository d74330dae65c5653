/** A key was removed from `KEY_ENCRYPTION_KEYS` too early: the error of every kind of private part names it. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { delegationSigner } from "../../src/identity/delegation/keys.ts";
import { currentSigningKey, ensureSigningKeys, forgetSigningKeys } from "../../src/keys/service.ts";
import { type KeyRing, parseKeyRing } from "../../src/platform/crypto/key-ring.ts";
import { seal } from "../../src/platform/crypto/sealing.ts";
import { agentKeys } from "../../src/platform/db/schema.ts";
import type { AgentId, WebhookId } from "../../src/platform/ids.ts";
import { endpointsOf } from "../../src/tenancy/webhooks/deliveries/channel.ts";
import { addOperator, direct, startOver } from "./_direct.ts";

const wanted = `wanted-1:${"X".repeat(42)}8`;
const present = `present-2:${"Y".repeat(42)}8`;
const ring = parseKeyRing(wanted) as KeyRing;

/** Each kind: seals with the wanted key, then opens without it. */
const kinds: Readonly<Record<string, () => Promise<unknown>>> = {
  "a signing key": async () => {
    await ensureSigningKeys(direct({ KEY_ENCRYPTION_KEYS: wanted }));
    const without = direct({ KEY_ENCRYPTION_KEYS: present });
    forgetSigningKeys(without);
    return currentSigningKey(without, "ES256");
  },
  "an agent's key": async () => {
    const agentId = "0199f0c2-5a31-7c07-9f55-000000000001" as AgentId;
    const row = { id: "row", agentId, number: 1, createdAt: 1, publicJwk: { kty: "EC" } };
    const privateSealed = await seal(ring, "{}", "agent-key:row");
    await direct()
      .db.insert(agentKeys)
      .values({ ...row, privateSealed } as typeof agentKeys.$inferInsert);
    return delegationSigner(direct({ KEY_ENCRYPTION_KEYS: present }), agentId);
  },
  "a webhook's secret": async () => {
    const privateSealed = await seal(ring, "secret", "webhook-secret:s");
    const found = { id: "w" as WebhookId, url: "https://hooks.example", slowUntil: 0, secretId: "s", privateSealed };
    const [endpoint] = endpointsOf(direct({ KEY_ENCRYPTION_KEYS: present }), [found]);
    return endpoint!.sign({ id: "m", timestamp: 0, body: "{}" } as never);
  },
};

beforeEach(async () => {
  await startOver();
  await addOperator();
});
afterEach(() => void vi.restoreAllMocks());

it.each(Object.keys(kinds))("%s", async (kind) => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
  const failure = await kinds[kind]!().catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: "DependencyDown" });
  const { message } = (failure as { cause: Error }).cause;
  expect(message).toContain("of KEY_ENCRYPTION_KEYS: it is sealed with wanted-1, which is not in the list");
});
