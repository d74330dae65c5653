import { describe, expect, it } from "vitest";
import { menuItemOf } from "../src/navigation.ts";
import { countOf } from "../src/screens/overview/counted.ts";
import { countRefusals } from "../src/screens/overview/refusals.ts";
import { removeLinkCode, takeLinkCode } from "../src/session/link-code.ts";
import { returnPath } from "../src/session/return-path.ts";
import { envFile } from "../src/ui/env-file.ts";
import { plural } from "../src/ui/number.tsx";
import { oneOf, parseSearch, stringifySearch, text } from "../src/ui/search-params.ts";
import { relativeTime, utcText } from "../src/ui/time.tsx";

describe("the way back after signing in", () => {
  it.each([
    ["/agents?status=active&search=a%20b", "/agents?status=active&search=a%20b"],
    [undefined, "/"],
    ["", "/"],
    ["//evil.example/agents", "/"],
    ["/\\evil.example", "/"],
    ["https://evil.example", "/"],
    ["javascript:alert(1)", "/"],
    ["/sign-in?from=/sign-in", "/"],
  ])("from %s is %s", (from, expected) => {
    expect(returnPath(from)).toBe(expected);
  });
});

describe("the code of a link", () => {
  const visit = (hash: string) => {
    const replaced: string[] = [];
    const location = { hash, pathname: "/console/sign-in", search: "?a=1" } as Location;
    const history = { state: null, replaceState: (_state: unknown, _title: string, url: string) => replaced.push(url) };
    removeLinkCode(location, history as unknown as History);
    return replaced;
  };

  it("leaves the address at once, and is there once", () => {
    expect(visit("#code=abc-_123")).toEqual(["/console/sign-in?a=1"]);
    expect(takeLinkCode()).toBe("abc-_123");
    expect(takeLinkCode()).toBeNull();
  });

  it("of another hash changes nothing", () => {
    expect(visit("#content")).toEqual([]);
    expect(takeLinkCode()).toBeNull();
  });
});

describe("the query of a URL", () => {
  it("keeps every character, and drops what is empty", () => {
    const search = { search: "a&b=c #%", status: undefined, tab: "", sort: "-email" };
    expect(parseSearch(stringifySearch(search))).toEqual({ search: "a&b=c #%", sort: "-email" });
    expect(stringifySearch({})).toBe("");
  });

  it("stays text: a number or `true` is no other type", () => {
    expect(parseSearch("?a=1&b=true&c=null")).toEqual({ a: "1", b: "true", c: "null" });
  });

  it("counts what is not known as missing", () => {
    const status = oneOf("active", "suspended");
    expect([status("active"), status("ACTIVE"), status(""), text(""), text("x")]).toEqual([
      "active",
      undefined,
      undefined,
      undefined,
      "x",
    ]);
  });
});

describe("a .env file", () => {
  it("takes each character as it is, quotes too", () => {
    expect(
      envFile([
        ["A", "sa_sec_1$x"],
        ["B", "it's"],
      ]),
    ).toBe("A='sa_sec_1$x'\nB='it'\\''s'\n");
  });
});

describe("times and numbers", () => {
  it("are relative in the largest unit that fits, cut and not rounded up", () => {
    const now = Date.parse("2026-11-30T12:00:00.000Z");
    expect(relativeTime("2026-11-30T11:59:30.000Z", now)).toBe("30 seconds ago");
    expect(relativeTime("2026-11-30T10:01:00.000Z", now)).toBe("1 hour ago");
    expect(relativeTime("2026-12-03T11:00:00.000Z", now)).toBe("in 2 days");
  });

  it("are in UTC in the title", () => {
    expect(utcText("2026-11-30T23:59:59.999+02:00")).toBe("2026-11-30 21:59:59 UTC");
  });

  it("have the right form of the noun", () => {
    expect([plural(0, "agent"), plural(1, "agent"), plural(2, "policy", "policies")]).toEqual([
      "0 agents",
      "1 agent",
      "2 policies",
    ]);
  });
});

describe("the menu", () => {
  it("marks the overview on itself only", () => {
    expect(menuItemOf("/")?.label).toBe("Overview");
    expect(menuItemOf("/account")?.label).toBe("Account");
    expect(menuItemOf("/accounts")).toBeUndefined();
  });
});

describe("what the overview counts from one page of a list", () => {
  const page = (length: number, nextCursor: string | null = null) => ({
    data: Array.from({ length }, () => ({ details: {} })),
    nextCursor,
  });

  it("is exact when there is no other page, and else the least that there is", () => {
    expect(countOf(page(100))).toEqual({ value: 100, isAtLeast: false });
    expect(countOf(page(100, "next"))).toEqual({ value: 100, isAtLeast: true });
    expect(countOf(page(0))).toEqual({ value: 0, isAtLeast: false });
  });

  it("has the refused sign-ins that the log has as a number alone", () => {
    const omitted = { data: [{ details: { count: 45 } }, { details: { count: 900 } }], nextCursor: null };
    expect(countRefusals({ recorded: page(20), omitted })).toEqual({ value: 965, isAtLeast: false, omitted: 945 });
    expect(countRefusals({ recorded: page(100, "next"), omitted })).toMatchObject({ value: 1045, isAtLeast: true });
    expect(countRefusals({ recorded: page(1), omitted: page(100, "next") })).toMatchObject({ isAtLeast: true });
    const damaged = { data: [{ details: { unreadable: {} } }, { details: { count: "9" } }], nextCursor: null };
    expect(countRefusals({ recorded: page(2), omitted: damaged })).toEqual({ value: 2, isAtLeast: false, omitted: 0 });
  });
});
