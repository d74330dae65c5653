/** W3C Decentralized Identifiers v1.0 and the did:web method, in the words of their sections. */
import { beforeAll, describe, expect, it } from "vitest";
import { type Body, call, newAgent, newOrganization, type Organization } from "../support/api.ts";

let tenant: Organization;
let agent: Body;
let documents: Record<string, Body>;

beforeAll(async () => {
  tenant = await newOrganization();
  agent = await newAgent(tenant.token);
  documents = {
    "an agent's": (await call(`/agents/${agent.agentId}/did.json`)).body,
    "an agent's under its organization": (await call(`/orgs/${tenant.slug}/agents/${agent.agentId}/did.json`)).body,
    "the service's": (await call("/.well-known/did.json")).body,
  };
});

const each = (look: (document: Body) => void) => {
  expect(Object.keys(documents)).toHaveLength(3);
  for (const document of Object.values(documents)) look(document);
};

describe("Decentralized Identifiers", () => {
  it("DID Core 3.1: id is a DID by the grammar", () => {
    each(({ id }) =>
      expect(id).toMatch(/^did:[a-z0-9]+:(?:(?:[A-Za-z0-9._-]|%[0-9A-F]{2})*:)*(?:[A-Za-z0-9._-]|%[0-9A-F]{2})+$/),
    );
  });

  it("DID Core 5.1.1: the document's id is the DID that was resolved", () => {
    expect(documents["an agent's"]?.id).toBe(agent.did);
  });

  it("DID Core 5.1.2: controller, where it is there, is a DID or a set of them", () => {
    each(({ controller }) => {
      for (const did of [controller ?? []].flat()) expect(did).toMatch(/^did:web:/);
    });
  });

  it("DID Core 5.1.3: alsoKnownAs is a set of URIs, and the other document names this one", () => {
    const [one, other] = [documents["an agent's"], documents["an agent's under its organization"]];
    expect(one?.alsoKnownAs).toContain(other?.id);
    expect(other?.alsoKnownAs).toContain(one?.id);
  });

  it("DID Core 5.2: each verification method has id, type and controller, and an id of its own", () => {
    each(({ verificationMethod }) => {
      expect(verificationMethod.length).toBeGreaterThan(0);
      expect(new Set(verificationMethod.map(({ id }: Body) => id)).size).toBe(verificationMethod.length);
      for (const { id, type, controller } of verificationMethod) {
        expect([id, type, controller]).toEqual([
          expect.stringMatching(/^did:web:.+#.+$/),
          "JsonWebKey2020",
          expect.stringMatching(/^did:web:/),
        ]);
      }
    });
  });

  it("DID Core 5.2.1: a publicKeyJwk has no private member", () => {
    each(({ verificationMethod }) => {
      for (const { publicKeyJwk } of verificationMethod) {
        expect(publicKeyJwk).toMatchObject({ kty: expect.any(String) });
        for (const member of ["d", "p", "q", "dp", "dq", "qi", "k"]) expect(publicKeyJwk).not.toHaveProperty(member);
      }
    });
  });

  it("DID Core 5.3: authentication and assertionMethod name methods of the document", () => {
    each(({ verificationMethod, authentication = [], assertionMethod = [] }) => {
      const ids = verificationMethod.map(({ id }: Body) => id);
      expect(ids).toEqual(expect.arrayContaining([...authentication, ...assertionMethod]));
    });
    expect(documents["an agent's"]?.authentication).toEqual([`${agent.did}#key-1`]);
  });

  it("DID Core 5.4: each service has id, type and serviceEndpoint", () => {
    each(({ service }) => {
      for (const { id, type, serviceEndpoint } of service) {
        expect([URL.canParse(id), typeof type, URL.canParse(serviceEndpoint)]).toEqual([true, "string", true]);
      }
    });
  });

  it("DID Core 6.3.1: the first @context is that of DIDs", () => {
    each((document) => expect(document["@context"][0]).toBe("https://www.w3.org/ns/did/v1"));
  });

  it("DID Core 7.1: what is deactivated has no document, and its metadata say so", async () => {
    const gone = await newAgent(tenant.token);
    await call(`/api/v1/agents/${gone.agentId}`, { method: "DELETE", token: tenant.token });
    const { status, body } = await call(`/api/v1/agents/${gone.agentId}/did/resolve`, { token: tenant.token });
    expect(status).toBe(410);
    expect(body).toMatchObject({ didDocument: null, didDocumentMetadata: { deactivated: true } });
  });
});

describe("the did:web method", () => {
  it("did:web: the port is percent-encoded, and the path follows with colons", () => {
    expect(documents["the service's"]?.id).toBe("did:web:localhost%3A8787");
    expect(agent.did).toBe(`did:web:localhost%3A8787:agents:${agent.agentId}`);
  });

  it("did:web: without a path the document is at /.well-known/did.json, with one at /path/did.json", async () => {
    for (const { id } of Object.values(documents)) {
      const [host = "", ...path] = id.slice("did:web:".length).split(":");
      const url = `http://${decodeURIComponent(host)}/${path.length === 0 ? ".well-known" : path.join("/")}/did.json`;
      const answer = await call(new URL(url).pathname);
      expect([answer.status, answer.body.id]).toEqual([200, id]);
    }
  });
});
