/** The last admin of an organization that can act and sign in must stay one. */

import type { Context } from "../../platform/context.ts";
import { type Problem, problem } from "../../platform/problems/problems.ts";
import { hasNoUsableAdminAfter, type Loss, usableAdminRemains } from "./store.ts";

export { scopesOfUsableAdmin } from "./store.ts";

/** The refusal of a change that takes the last usable admin. */
export const lastAdmin = (): Problem =>
  problem(
    "FORBIDDEN",
    "This is the last admin of the organization that can act and sign in: give another agent the role admin, admin:orgs, agents:write and a credential first.",
  );

/**
 * What a change does that takes a way to sign in, or the powers of an admin, from an agent.
 *
 * @returns `refuse` reads whether the change takes the last usable admin, before the ledger revokes anything; `remains` is the
 *   condition of the write, which decides between two changes at once
 */
export function keepUsableAdmin(context: Context, loss: Loss) {
  return {
    refuse: async (): Promise<Problem | null> =>
      (await hasNoUsableAdminAfter(context, loss, context.now())) ? lastAdmin() : null,
    remains: usableAdminRemains(context, loss, context.now()),
  };
}
