/** Lends authority to another agent for as long as one piece of work takes. */
import { call, type Delegation } from "./agentidp.js";
import { Advice, type Client } from "./settings.js";

export interface Loan {
  readonly delegateeAgentId: string;
  readonly scopes: readonly string[];
  /** The identifier of the API whose capabilities are lent; without it, scopes of the identity provider itself are. */
  readonly resource?: string;
  /** The end of the delegation, should the revocation fail. */
  readonly ttlSeconds: number;
}

/** Delegates, runs the work, and revokes: after Ctrl-C and an error of the work too, whose error is then thrown. */
export async function lend<Result>(
  client: Client,
  accessToken: string,
  loan: Loan,
  work: (delegation: Delegation) => Promise<Result>,
): Promise<Result> {
  const delegation = (await call(client, accessToken, "POST", "/api/v1/oauth2/token/delegate", loan)) as Delegation;
  const revoke = async () => {
    await call(client, accessToken, "DELETE", `/api/v1/oauth2/token/delegate/${delegation.chainId}`);
    console.log("Revoked.");
  };
  let result: Result;
  try {
    result = await Promise.race([work(delegation), interruption()]);
  } catch (error) {
    await revoke().catch(() => console.error(unrevoked(delegation)));
    throw error;
  }
  await revoke().catch((cause: unknown) => {
    throw new Advice(unrevoked(delegation), { cause });
  });
  return result;
}

/** Rejects at Ctrl-C. A second one ends the program at once. */
const interruption = (): Promise<never> =>
  new Promise((_resolve, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => reject(new Advice("Interrupted.")));
  });

const unrevoked = ({ chainId, expiresAt }: Delegation): string =>
  `The delegation ${chainId} could not be revoked. It ends at ${expiresAt}.`;
