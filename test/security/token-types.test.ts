/**
 * Attack: an id_token, delegation token or client assertion used as an access token, and the other way round: refused by
 * `typ`. Everything that anybody may present, at every door.
 */
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call } from "../support/api.ts";
import { signedByService } from "./_forging.ts";
import { askWithToken, guarded } from "./_operations.ts";
import { doors, leaveWorld, newWorld, type Thing, things, type World } from "./_presentable.ts";

let world: World;

beforeAll(async () => {
  world = await newWorld();
});
afterAll(leaveWorld);

const names = Object.keys(things) as Thing[];

describe.each(Object.entries(doors))("%s opens for its own kind of thing only", (_, door) => {
  it.each(names)("%s", async (name) => {
    const value = await things[name](world);
    expect(value.length).toBeGreaterThan(40);
    expect(await door.present(world, value)).toBe(door.opensFor.includes(name));
  });
});

describe("a token of another kind is refused at", () => {
  // Those of other issuers name keys that never were: `algorithms.test.ts` has them, each costs a second's wait.
  const others = names
    .filter((name) => !doors["the API, as Bearer"]?.opensFor.includes(name))
    .filter((name) => !["workload's token", "partner's token"].includes(name));
  let made: [Thing, string][];
  beforeAll(async () => {
    made = await Promise.all(others.map(async (name): Promise<[Thing, string]> => [name, await things[name](world)]));
  });

  it.each(guarded)("$method $path", async (operation) => {
    for (const [name, token] of made) expect((await askWithToken(operation, token)).status, name).toBe(401);
  });
});

describe("the claims of an access token, signed by the service itself", () => {
  const statusUnder = async (typ: unknown) => {
    const claims = decodeJwt(world.tenant.token);
    return (await call("/agent-info", { token: await signedByService(claims, { typ }) })).status;
  };

  it.each(["at+jwt", "AT+JWT", "application/at+jwt"])("typ %s: RFC 9068 4 knows it as an access token", async (typ) => {
    expect(await statusUnder(typ)).toBe(200);
  });

  it.each([
    undefined,
    null,
    "",
    "JWT",
    "jwt",
    "at",
    "at+jwt ",
    "at+jwt;v=1",
    "at+jwt, JWT",
    "text/at+jwt",
    "application/application/at+jwt",
    "id_token+jwt",
    "delegation+jwt",
    "dpop+jwt",
    "logout+jwt",
    "audit-checkpoint+jwt",
    "vc+jwt",
    ["at+jwt"],
    { typ: "at+jwt" },
  ])("typ %j: refused", async (typ) => {
    expect(await statusUnder(typ)).toBe(401);
  });
});
