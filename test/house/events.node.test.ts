/** The catalogue of events and the code agree: every name that the code uses has an entry, and every entry is used. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { identityEvents } from "../../src/events/catalogue/identity.ts";
import { keyEvents } from "../../src/events/catalogue/keys.ts";
import { tenancyEvents } from "../../src/events/catalogue/tenancy.ts";
import { auditEventNames, events, webhookEventNames } from "../../src/events/catalogue.ts";
import { modules, root } from "./_source.ts";

const things = [...new Set(Object.keys(events).map((name) => name.split(".")[0]))];
const literal = new RegExp(`["'\`]((?:${things.join("|")})\\.[a-z_]+)["'\`]`, "g");

const users = modules.filter(({ path }) => !path.startsWith("events/catalogue/"));
const used = new Set(users.flatMap(({ text }) => [...text.matchAll(literal)].map(([, name]) => name)));

const page = (name: string) => readFileSync(join(root, "docs", name), "utf8");

/** The names between backticks. `.updated` after `agent.created` is `agent.updated`. */
function named(text: string): string[] {
  let thing = "";
  return [...text.matchAll(/`([a-z_]*)\.([a-z_]+)`/g)].map(([, first, second]) => {
    thing = first || thing;
    return `${thing}.${second}`;
  });
}

it("every name of an event in src has an entry", () => {
  // It is sent to one subscription on demand and is no event: no webhook can subscribe to it.
  const notEvents = ["webhook.test"];
  expect([...used].filter((name) => name && !Object.hasOwn(events, name)).sort()).toStrictEqual(notEvents);
});

it("every entry is used", () => {
  expect(Object.keys(events).filter((name) => !used.has(name))).toStrictEqual([]);
});

it("no two wings have an entry of the same name", () => {
  const files = [tenancyEvents, identityEvents, keyEvents];
  expect(files.flatMap((file) => Object.keys(file))).toHaveLength(Object.keys(events).length);
});

it("the guide of webhooks lists the events that a webhook can subscribe to, in their order", () => {
  const rows = page("guides/configure-webhooks.md").split("\n");
  const table = rows.slice(rows.indexOf("| event | when | `data` |") + 2);
  const listed = table.slice(0, table.indexOf("")).map((row) => row.split("|")[1] ?? "");
  expect(named(listed.join())).toStrictEqual(webhookEventNames);
});

it("the page of concepts lists the events of the audit log", () => {
  const [, list = ""] = /The actions: (.*?)\n\n/s.exec(page("concepts.md")) ?? [];
  expect(named(list).sort()).toStrictEqual([...auditEventNames].sort());
});

it("the floor of events knows no Hono, and of access only shapes", () => {
  const imports = modules.filter(({ path }) => path.startsWith("events/")).flatMap(({ imports }) => imports);
  const forbidden = imports.filter(
    ({ target, isType }) => /^hono(\/|$)/.test(target) || (target.startsWith("access/") && !isType),
  );
  expect(imports.map(({ target }) => target)).toContain("access/caller.ts");
  expect(forbidden).toStrictEqual([]);
});
