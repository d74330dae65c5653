/** What agents do all day with what was written: tokens, introspection, delegation and its end, reads. */
import { expect } from "vitest";
import { type Admin, type Answer, newClient, requestToken, send, tokenFor } from "../support/http-client.ts";

export interface Visitor {
  /** One round: everything once, in order. Throws at the first answer that is not as it must be. */
  visit(): Promise<void>;
  /** Delegations whose revocation was acknowledged. */
  readonly revoked: readonly string[];
  /** How many requests were answered as they must be. */
  answered(): number;
}

export async function newVisitor(origin: string, { token }: Admin): Promise<Visitor> {
  const delegator = await newClient(origin, token, { grantedScopes: ["agents:read", "audit:read", "webhooks:read"] });
  const delegatee = await newClient(origin, token, { grantedScopes: ["agents:read", "tokens:read"] });
  const delegateeToken = await tokenFor(origin, delegatee);
  const revoked: string[] = [];
  let answered = 0;

  const expectStatus = async (status: number, asked: Promise<Answer>) => {
    const answer = await asked;
    expect(answer.status, answer.text).toBe(status);
    answered++;
    return answer.body;
  };
  const introspect = (form: Record<string, string>) => send(origin, "/api/v1/token/introspect", { token, form });
  const useIt = (own: string) => send(origin, "/agent-info", { token: own });
  const verify = (delegationToken: string) =>
    send(origin, "/api/v1/oauth2/token/verify-delegation", { token: delegateeToken, json: { delegationToken } });

  async function lend(own: string) {
    const json = { delegateeAgentId: delegatee.agentId, scopes: ["audit:read"], ttlSeconds: 900 };
    return expectStatus(201, send(origin, "/api/v1/oauth2/token/delegate", { token: own, json }));
  }

  return {
    revoked,
    answered: () => answered,
    async visit() {
      const { access_token: own } = await expectStatus(200, requestToken(origin, delegator));
      expect(await expectStatus(200, introspect({ token: own }))).toMatchObject({ active: true });
      await expectStatus(200, useIt(own));

      const { delegationToken, chainId } = await lend(own);
      expect(await expectStatus(200, verify(delegationToken))).toMatchObject({ valid: true });
      const form = {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: delegationToken,
        subject_token_type: "urn:sentryagent:token-type:delegation",
      };
      const exchange = send(origin, "/api/v1/token", { basic: delegatee, form });
      const { access_token: lent } = await expectStatus(200, exchange);
      await expectStatus(200, useIt(lent));

      const path = `/api/v1/oauth2/token/delegate/${chainId}`;
      await expectStatus(204, send(origin, path, { method: "DELETE", token: own }));
      revoked.push(chainId);
      await expectStatus(401, useIt(lent));
      expect(await expectStatus(200, verify(delegationToken))).toMatchObject({ valid: false });

      await expectStatus(200, send(origin, "/api/v1/token/revoke", { basic: delegator, form: { token: own } }));
      await expectStatus(401, useIt(own));
      expect(await expectStatus(200, introspect({ token: own }))).toStrictEqual({ active: false });

      await expectStatus(200, send(origin, "/api/v1/agents?limit=10", { token }));
      await expectStatus(200, send(origin, "/api/v1/audit?limit=10", { token }));
      await expectStatus(200, send(origin, "/.well-known/jwks.json"));
    },
  };
}
