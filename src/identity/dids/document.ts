/** Builds DID documents (W3C DID Core 1.0) of the service and its agents. Pure: no I/O, no clock. */
import type { PublishedJwk } from "../../keys/service.ts";
import { publicOwner } from "./card.ts";
import { agentAliasDid, agentDid, serviceDid } from "./names.ts";
import type { AgentDocument, ServiceDocument, VerificationMethod } from "./schema.ts";
import type { DidSubject } from "./store.ts";

const contexts = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"];

/**
 * The published members of an agent's key. `kid` is not one: an agent could register its key under the `kid` of a service
 * key, and a verifier would accept a token that the agent itself signed. The name of the key is the fragment, `#key-N`.
 */
const publicMembers = ["kty", "crv", "x", "y", "n", "e", "use", "alg"] as const;

function publicPart(jwk: JsonWebKey): Record<string, string> {
  const members = publicMembers.map((member) => [member, jwk[member]] as const);
  return Object.fromEntries(
    members.filter((entry): entry is [(typeof publicMembers)[number], string] => typeof entry[1] === "string"),
  );
}

const method = (id: string, controller: string, publicKeyJwk: Record<string, string>): VerificationMethod => ({
  id,
  type: "JsonWebKey2020",
  controller,
  publicKeyJwk,
});

/** The verification methods of the service's keys: `<did>#<kid>`; their controller is always the service. */
const serviceMethods = (issuer: string, did: string, keys: readonly PublishedJwk[]) =>
  keys.map((jwk) => method(`${did}#${jwk.kid}`, serviceDid(issuer), { ...jwk }));

const ids = (methods: readonly VerificationMethod[]) => methods.map(({ id }) => id);

/** The document of the service: its published keys, for assertions, and its endpoints. */
export function serviceDocument(issuer: string, keys: readonly PublishedJwk[]): ServiceDocument {
  const did = serviceDid(issuer);
  const verificationMethod = serviceMethods(issuer, did, keys);
  return {
    "@context": contexts,
    id: did,
    controller: did,
    verificationMethod,
    assertionMethod: ids(verificationMethod),
    service: [
      { id: `${did}#token-endpoint`, type: "OAuth2TokenEndpoint", serviceEndpoint: `${issuer}/api/v1/token` },
      {
        id: `${did}#openid-configuration`,
        type: "OpenIDConfiguration",
        serviceEndpoint: `${issuer}/.well-known/openid-configuration`,
      },
      { id: `${did}#agentidp`, type: "AgentIdP", serviceEndpoint: `${issuer}/api/v1` },
    ],
  };
}

/**
 * The document of an agent, under its DID or under its alias. A resolver accepts only a document whose `id` is the resolved
 * DID, so each document is complete and names the other DID in `alsoKnownAs`.
 *
 * The service's keys are verification methods, so that this document has the keys that verify an access token. They are in no
 * verification relationship: they do not authenticate the agent.
 */
export function agentDocument(
  issuer: string,
  subject: DidSubject,
  serviceKeys: readonly PublishedJwk[],
  name: "canonical" | "alias" = "canonical",
): AgentDocument {
  const { id: agentId, agentType, capabilities, deploymentEnv, version } = subject;
  const owner = publicOwner(subject.owner);
  const names = [agentDid(issuer, agentId), agentAliasDid(issuer, subject.slug, agentId)] as const;
  const [did, other] = name === "canonical" ? names : [names[1], names[0]];
  const own = (keys: DidSubject["keys"]) =>
    keys.map(({ number, publicJwk }) => method(`${did}#key-${number}`, did, publicPart(publicJwk)));
  const isActive = subject.status === "active" && subject.organizationStatus === "active";
  return {
    "@context": contexts,
    id: did,
    alsoKnownAs: [other],
    controller: did,
    verificationMethod: [...own(subject.keys), ...serviceMethods(issuer, did, serviceKeys)],
    authentication: isActive ? ids(own(subject.keys.filter(({ replacedAt }) => replacedAt === null))) : [],
    assertionMethod: ids(own(subject.keys)),
    service: [
      { id: `${did}#agent-card`, type: "AgentCard", serviceEndpoint: `${issuer}/api/v1/agents/${agentId}/did/card` },
      { id: `${did}#token-endpoint`, type: "OAuth2TokenEndpoint", serviceEndpoint: `${issuer}/api/v1/token` },
    ],
    agntcy: { agentId, agentType, capabilities: [...capabilities], deploymentEnv, ...(owner && { owner }), version },
  };
}
