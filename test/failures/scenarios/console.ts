/** The write routes of the console's sessions. */
import { expect } from "vitest";
import { samePage, signedIn, signIn } from "../../identity/console/_browser.ts";
import { call, type Organization } from "../../support/api.ts";
import type { Scenarios } from "../support/attack.ts";
import { inOrganization } from "../support/organization.ts";

const clientOf = ({ agentId: clientId, clientSecret }: Organization) => ({ clientId, clientSecret });

export const consoleScenarios: Scenarios = {
  startSession: inOrganization(async (organization) => ({
    path: "/console/session",
    call: { json: clientOf(organization), headers: samePage },
  })),

  "startSession: with a link": inOrganization(async ({ token }) => {
    const { body } = await call("/api/v1/console/links", { method: "POST", token });
    const code = new URL(body.url).hash.replace("#code=", "");
    return {
      path: "/console/session",
      call: { json: { code }, headers: samePage },
      // A code that was used before a failure stays used.
      check: async () => expect((await signIn({ code })).status).toBe(401),
    };
  }),

  endSession: inOrganization(async (organization) => {
    const { cookie, csrfToken, send } = await signedIn(clientOf(organization));
    return {
      path: "/console/session",
      call: { method: "DELETE", headers: { ...samePage, Cookie: cookie, "X-CSRF-Token": csrfToken } },
      check: async () => expect((await send("/session")).status).toBe(401),
    };
  }),

  endOtherSession: inOrganization(async (organization) => {
    const [one, other] = [await signedIn(clientOf(organization)), await signedIn(clientOf(organization))];
    return {
      path: `/console/sessions/${other.answer.body.sessionId}`,
      call: { method: "DELETE", headers: { ...samePage, Cookie: one.cookie, "X-CSRF-Token": one.csrfToken } },
      check: async () => expect((await other.send("/session")).status).toBe(401),
    };
  }),

  createConsoleLink: inOrganization(async ({ token }) => ({ path: "/api/v1/console/links", call: { token } })),
};
