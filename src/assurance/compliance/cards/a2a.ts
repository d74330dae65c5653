/** Agent cards of the Agent2Agent protocol (A2A 1.0, `AgentCard`), as JSON. Pure. */
import { agentCard } from "../../../identity/dids/service.ts";
import type { A2aCard } from "../schema.ts";
import { type CardAgent, descriptionOf, didDocumentUrl } from "./card-agent.ts";

/** The URI of the protocol binding, and of the extension with the DID. */
const didCore = "https://www.w3.org/TR/did-1.0/";

/** The A2A version of the card. */
const protocolVersion = "1.0";

const modes = ["application/json", "text/plain"];

/**
 * The A2A card of an agent. A card must have an interface, but the service does not know the agent's A2A endpoint. So the
 * interface is the agent's DID document, under a custom binding (A2A 1.0, 5.8).
 */
export function a2aCard(issuer: string, agent: CardAgent): A2aCard {
  const { did, name, version, owner, agentType, capabilities, deploymentEnv } = agentCard(issuer, agent);
  const scopes = Object.fromEntries(capabilities.map((capability) => [capability, `Use ${capability}`]));
  return {
    name,
    description: descriptionOf(agent),
    version,
    supportedInterfaces: [{ url: didDocumentUrl(issuer, agent), protocolBinding: didCore, protocolVersion }],
    provider: { organization: owner, url: issuer },
    capabilities: {
      extensions: [{ uri: didCore, description: "The agent's DID", params: { did, agentType, deploymentEnv } }],
    },
    securitySchemes: {
      oauth2: {
        oauth2SecurityScheme: {
          description:
            "Send resource with these scopes (RFC 8707): the identifier that the agent's API is registered under.",
          flows: { clientCredentials: { tokenUrl: `${issuer}/api/v1/token`, scopes } },
          oauth2MetadataUrl: `${issuer}/.well-known/oauth-authorization-server`,
        },
      },
      openId: { openIdConnectSecurityScheme: { openIdConnectUrl: `${issuer}/.well-known/openid-configuration` } },
    },
    securityRequirements: [{ schemes: { oauth2: { list: [...capabilities] } } }],
    defaultInputModes: modes,
    defaultOutputModes: modes,
    skills: capabilities.map((capability) => ({
      id: capability,
      name: capability,
      description: `The actions that the scope ${capability} allows.`,
      tags: [agentType, ...capability.split(":").filter((part) => part !== "*")],
    })),
  };
}
