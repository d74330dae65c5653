/** One thief's attack from the theft to the repair, and everything that it got beyond what it could do before. */
import { call } from "../../support/api.ts";
import { type AgentName, agentNames, members } from "./_party.ts";
import { type Reach, reachOf } from "./_reach.ts";
import { goOn, newWorld, reactivate, restore, type Session, type World } from "./_session.ts";
import type { Thief } from "./_thieves.ts";
import { differencesOf, tracesOf } from "./_traces.ts";
import { openUrls, walk } from "./_walk.ts";

const writing = ["POST", "PUT", "PATCH"];

async function newSession(thief: Thief, world: World): Promise<Session> {
  const { accomplice, ...others } = world.home.agents;
  const held = [accomplice, ...(thief.holds ? [{ ...world.home.agents, ...others }[thief.holds]] : [])];
  const secrets = new Map(held.map(({ agentId, clientSecret }) => [agentId, [clientSecret]]));
  const token = (await thief.steal(world, { secrets })) ?? "";
  const [made, writes, stolen] = [[], [], [token]];
  const sets = () => new Set<string>();
  return {
    world,
    from: thief.from,
    isElsewhere: thief.isElsewhere ?? false,
    capabilities: thief.capabilities,
    steal: () => thief.steal(world, { secrets }),
    token,
    stolen,
    writes,
    secrets,
    tokens: sets(),
    delegations: sets(),
    urls: sets(),
    opened: sets(),
    made,
    succeeded: sets(),
    leaks: sets(),
  };
}

/** The owner gives its agents back what they had, and ends what was stolen and what was lent. */
async function repair({ world, stolen, made }: Session): Promise<void> {
  const { home } = world;
  const { token } = home;
  for (const name of Object.keys(members)) await restore(world, name as AgentName);
  for (const one of stolen) await call("/api/v1/token/revoke", { token, form: { token: one } });
  const chains = new Set(made.flatMap(({ chainId }) => chainId ?? []));
  for (const id of chains) await call(`/api/v1/oauth2/token/delegate/${id}`, { method: "DELETE", token });
}

const tracesIn = async ({ home, foreign }: World) =>
  new Map([...(await tracesOf(home, "", agentNames)), ...(await tracesOf(foreign, "foreign ", []))]);

export interface Outcome {
  /** What the thief could do after the walk, and what it could still do after the repair; with the calls that gave it. */
  readonly reach: Reach;
  readonly kept: Reach;
  /** What it left, and what it saw. */
  readonly traces: readonly string[];
  readonly leaks: readonly string[];
  /** The operations that were answered 2xx. */
  readonly succeeded: ReadonlySet<string>;
}

/** Lets a thief call everything, twice, because the second call meets what the first one has changed. */
export async function attack(thief: Thief): Promise<Outcome> {
  const world = await newWorld(thief.isOperator ?? false);
  const session = await newSession(thief, world);
  const before = await tracesIn(world);
  await walk(session, ["GET", ...writing]);
  await reactivate(session);
  if (session.writes.some(({ operation }) => operation.path.includes("{")) && (await goOn(session)))
    await walk(session, writing, true);
  await reactivate(session);
  await openUrls(session);
  // Its own calls may have ended its token.
  await goOn(session);
  const reach = await reachOf(session);
  const traces = differencesOf(before, await tracesIn(world));
  if (await goOn(session)) await walk(session, ["DELETE"]);
  await repair(session);
  const kept = await reachOf(session, thief.keeps === undefined);
  return { reach, kept, traces, leaks: [...session.leaks], succeeded: session.succeeded };
}
