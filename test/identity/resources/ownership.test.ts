/** Whose a name is decides whose a resource is: take-overs, names below, and the day until a freed identifier is another's. */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { adminToken, call, newClient } from "../../support/api.ts";
import { type DomainCalls, newHolder, newName, proved, standInResolver } from "../../tenancy/domains/_support.ts";

const { DB } = env as unknown as { DB: D1Database };
const batchOwner = Object.getPrototypeOf(DB) as { batch: D1Database["batch"] };

const zone = standInResolver();

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

const register = async ({ organization }: DomainCalls, identifier: string) =>
  call("/api/v1/resources", { token: await adminToken(organization), json: { identifier, name: "API" } });

async function registered(holder: DomainCalls, identifier: string): Promise<string> {
  const answer = await register(holder, identifier);
  expect(answer.status, answer.text).toBe(201);
  return `/api/v1/resources/${answer.body.resourceId}`;
}

const remove = async ({ organization }: DomainCalls, path: string) =>
  (await call(path, { method: "DELETE", token: await adminToken(organization) })).status;

const statusOf = async ({ organization }: DomainCalls, path: string) =>
  (await call(path, { token: await adminToken(organization) })).body.status;

/** Adds a domain and verifies it twice, an hour apart, while only its own record is there. */
async function takeOver(asker: DomainCalls, name: string): Promise<void> {
  expect((await proved(zone, asker, name)).answer.body.code).toBe("DOMAIN_TAKEN");
  later(3600);
  expect((await asker.verify(name)).status).toBe(200);
}

/** Runs something when the first batch with such a statement has been sent and D1 does not have it. */
function beforeWrite(statement: string, run: () => Promise<void>) {
  const own = batchOwner.batch;
  let isFirst = true;
  vi.spyOn(batchOwner, "batch").mockImplementation(async function (this: D1Database, statements) {
    const texts = statements.map((one) => String((one as unknown as { statement: string }).statement));
    if (isFirst && texts.some((text) => text.startsWith(statement))) {
      isFirst = false;
      await run();
    }
    return own.call(this, statements) as never;
  });
}

describe("a name that another organization has taken over", () => {
  it("its former holder's resources are disabled for good, and no token is issued for them", async () => {
    const [holder, asker] = [await newHolder(), await newHolder()];
    const name = newName();
    await proved(zone, holder, name);
    const path = await registered(holder, `https://api.${name}`);
    const agent = await newClient(await adminToken(holder.organization));
    const signIn = () =>
      call("/api/v1/token", {
        basic: agent,
        form: { grant_type: "client_credentials", resource: `https://api.${name}` },
      });
    expect((await signIn()).status).toBe(200);
    await takeOver(asker, name);
    expect(await statusOf(holder, path)).toBe("disabled");
    expect((await signIn()).body.error).toBe("invalid_target");
    const token = await adminToken(holder.organization);
    const again = await call(path, { method: "PATCH", token, json: { status: "active" } });
    expect([again.status, again.body.code]).toEqual([409, "DOMAIN_NOT_VERIFIED"]);
  });

  it("the new holder registers the identifier only 86,460 seconds later", async () => {
    const [holder, asker] = [await newHolder(), await newHolder()];
    const name = newName();
    await proved(zone, holder, name);
    await registered(holder, `https://${name}/mcp`);
    await takeOver(asker, name);
    const early = await register(asker, `https://${name}:443/mcp/`);
    expect([early.status, early.body.code]).toEqual([409, "RESOURCE_ALREADY_EXISTS"]);
    expect(Number(early.headers.get("Retry-After"))).toBe(86_460);
    later(86_459);
    expect((await register(asker, `https://${name}/mcp`)).headers.get("Retry-After")).toBe("1");
    later(1);
    await registered(asker, `https://${name}/mcp`);
  });

  it("of a deleted resource as well, counted from its deletion; its own organization need not wait", async () => {
    const [holder, asker] = [await newHolder(), await newHolder()];
    const name = newName();
    await proved(zone, holder, name);
    expect(await remove(holder, await registered(holder, `https://${name}`))).toBe(204);
    expect(await remove(holder, await registered(holder, `https://${name}`))).toBe(204);
    await takeOver(asker, name);
    expect((await register(asker, `https://${name}`)).headers.get("Retry-After")).toBe(String(86_460 - 3600));
  });
});

describe("a name below one of another organization", () => {
  it("409 DOMAIN_IN_USE while the holder above has an active resource there, told to it; free when there is none", async () => {
    const [parent, child] = [await newHolder(), await newHolder()];
    const name = newName();
    await proved(zone, parent, name);
    const path = await registered(parent, `https://x.api.${name}`);
    const { answer } = await proved(zone, child, `api.${name}`);
    expect([answer.status, answer.body.code]).toEqual([409, "DOMAIN_IN_USE"]);
    const contested = await call("/api/v1/audit?action=domain.contested", {
      token: await adminToken(parent.organization),
    });
    expect(contested.body.data).toMatchObject([{ details: { domain: name, name: `api.${name}` } }]);
    expect(await remove(parent, path)).toBe(204);
    expect((await child.verify(`api.${name}`)).status).toBe(200);
    // The longest verified name owns a host.
    expect((await register(parent, `https://y.api.${name}`)).status).toBe(400);
    await registered(child, `https://y.api.${name}`);
    await registered(parent, `https://y.${name}`);
  });

  it("keeps its resources when the name above is proved later", async () => {
    const [child, parent] = [await newHolder(), await newHolder()];
    const name = newName();
    await proved(zone, child, `api.${name}`);
    const path = await registered(child, `https://api.${name}`);
    expect((await proved(zone, parent, name)).answer.status).toBe(200);
    expect(await statusOf(child, path)).toBe("active");
  });
});

it("a long name is as any other: a token for a resource below it, and no removal while the resource is there", async () => {
  const holder = await newHolder();
  const name = `${"n".repeat(63)}.${newName()}`;
  await proved(zone, holder, name);
  const below = `https://api.${name}`;
  const path = await registered(holder, below);
  const form = { grant_type: "client_credentials", resource: below };
  expect((await call("/api/v1/token", { basic: holder.organization, form })).status).toBe(200);
  expect((await holder.remove(name)).body.code).toBe("DOMAIN_IN_USE");
  expect((await proved(zone, await newHolder(), `api.${name}`)).answer.body.code).toBe("DOMAIN_IN_USE");
  expect(await remove(holder, path)).toBe(204);
  expect((await holder.remove(name)).status).toBe(204);
});

describe("two requests at once", () => {
  /** The holder of a name, and another organization that has published the record of the name below. */
  async function readyToProve() {
    const [parent, child] = [await newHolder(), await newHolder()];
    const name = newName();
    await proved(zone, parent, name);
    const { challenge } = (await child.add(`api.${name}`)).body;
    zone.publish(challenge.name, challenge.value);
    return { parent, child, name };
  }

  it("the name is lost while a resource is on its way to D1: it is not registered", async () => {
    const { parent, child, name } = await readyToProve();
    const between: number[] = [];
    beforeWrite('insert into "resources"', async () => {
      between.push((await child.verify(`api.${name}`)).status);
    });
    const answer = await register(parent, `https://api.${name}`);
    expect(between).toEqual([200]);
    expect([answer.status, answer.body.details.issues[0].path]).toEqual([400, "identifier"]);
  });

  it("a resource is registered while a name below is being proved: the name stays", async () => {
    const { parent, child, name } = await readyToProve();
    const between: number[] = [];
    beforeWrite('update "domains"', async () => {
      between.push((await register(parent, `https://api.${name}`)).status);
    });
    const answer = await child.verify(`api.${name}`);
    expect(between).toEqual([201]);
    expect([answer.status, answer.body.code]).toEqual([409, "DOMAIN_IN_USE"]);
  });

  it("a resource is registered while its domain is being removed: the domain stays", async () => {
    const holder = await newHolder();
    const name = newName();
    await proved(zone, holder, name);
    const between: number[] = [];
    beforeWrite('delete from "domains"', async () => {
      between.push((await register(holder, `https://${name}`)).status);
    });
    const answer = await holder.remove(name);
    expect(between).toEqual([201]);
    expect([answer.status, answer.body.code]).toEqual([409, "DOMAIN_IN_USE"]);
  });

  it("the identifier is given up while another organization's registration is on its way: it waits like later ones", async () => {
    const [parent, child] = [await newHolder(), await newHolder()];
    const name = newName();
    await proved(zone, parent, name);
    const path = await registered(parent, `https://api.${name}`);
    // The moment after the name below is the child's and before the event has displaced the parent's resource.
    await DB.prepare("UPDATE resources SET status = 'disabled' WHERE host = ?").bind(`api.${name}`).run();
    await child.add(`api.${name}`);
    await DB.prepare("UPDATE domains SET status = 'verified' WHERE domain = ?").bind(`api.${name}`).run();
    beforeWrite('insert into "resources"', async () => void (await remove(parent, path)));
    const answer = await register(child, `https://api.${name}`);
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([409, "86460"]);
  });
});
