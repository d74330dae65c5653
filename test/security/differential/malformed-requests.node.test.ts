/**
 * A corpus of malformed and borderline token, introspection and revocation requests, sent to this service and to
 * `oidc-provider`. Both must say the same to a client, or `differences.ts` says why not.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Case, verdictsOf } from "./_case.ts";
import { differences } from "./_differences.ts";
import { type Parties, startParties } from "./_parties.ts";
import { assertionCases } from "./corpus/assertions.ts";
import { clientCases } from "./corpus/clients.ts";
import { proofCases } from "./corpus/proofs.ts";
import { requestCases } from "./corpus/requests.ts";
import { tokenCases } from "./corpus/tokens.ts";

const corpus = { requestCases, clientCases, assertionCases, proofCases, tokenCases };
const all: readonly Case[] = Object.values(corpus).flat();

let parties: Parties;
beforeAll(async () => {
  parties = await startParties();
});
afterAll(() => parties?.stop());

describe.each(Object.entries(corpus))("%s", (_, cases) => {
  it.each(cases)("$name", async (one) => {
    const [ours, theirs] = [await verdictsOf(parties.ours, one), await verdictsOf(parties.theirs, one)];
    const declared = differences[one.name];
    if (declared)
      expect({ ours: ours.verdict, theirs: theirs.verdict }).toEqual({ ours: declared.ours, theirs: declared.theirs });
    else expect(ours.verdict).toBe(theirs.verdict);
    for (const { status, headers } of ours.answers) {
      // RFC 6749 5.1 and 5.2: whatever is said of tokens is not for caches; a 401 names a way to authenticate.
      if (status < 405) expect(headers.get("Cache-Control")).toContain("no-store");
      if (status === 401) expect(headers.get("WWW-Authenticate")).toMatch(/^(Basic|Bearer|DPoP) /);
    }
  });
});

describe("the corpus", () => {
  it("has every case once, and enough of them", () => {
    const names = all.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
    expect(names.length).toBeGreaterThanOrEqual(120);
  });

  it("declares only differences that are one, each with the sentence that decides", () => {
    const names = all.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(differences)));
    for (const { ours, theirs, decides } of Object.values(differences)) {
      expect(ours).not.toBe(theirs);
      expect(decides).toMatch(/^(RFC \d+|OpenID Connect Core) [0-9A-Z.]+: /);
    }
  });
});
