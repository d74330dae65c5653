/** Agents as agent cards of the Agent2Agent protocol (A2A 1.0, `AgentCard`), in its JSON form. Pure. */
import { agentCard } from "../../../identity/dids/service.ts";
import type { A2aCard } from "../schema.ts";
import { descriptionOf, didDocumentUrl, type ShownAgent } from "./shown-agent.ts";

/** The name of what is not A2A's own: how an agent is found, and the extension with its DID. */
const didCore = "https://www.w3.org/TR/did-1.0/";

/** The version of A2A that the card is written in. */
const protocolVersion = "1.0";

const modes = ["application/json", "text/plain"];

/**
 * The A2A card of an agent.
 *
 * Where an agent takes A2A messages, this service does not know. A card must name an interface, so it names the one that
 * there is: the agent's DID document, under a binding of its own (A2A 1.0, 5.8), which no client takes for JSON-RPC or HTTP.
 */
export function a2aCard(issuer: string, agent: ShownAgent): A2aCard {
  const { did, name, version, owner, agentType, capabilities, deploymentEnv } = agentCard(issuer, agent);
  const scopes = Object.fromEntries(capabilities.map((capability) => [capability, `Use ${capability}`]));
  return {
    name,
    description: descriptionOf(agent),
    version,
    supportedInterfaces: [{ url: didDocumentUrl(issuer, agent), protocolBinding: didCore, protocolVersion }],
    provider: { organization: owner, url: issuer },
    capabilities: {
      extensions: [
        {
          uri: didCore,
          description: "The agent's decentralized identifier",
          params: { did, agentType, deploymentEnv },
        },
      ],
    },
    securitySchemes: {
      oauth2: {
        oauth2SecurityScheme: {
          flows: { clientCredentials: { tokenUrl: `${issuer}/api/v1/token`, scopes } },
          oauth2MetadataUrl: `${issuer}/.well-known/oauth-authorization-server`,
        },
      },
      openId: {
        openIdConnectSecurityScheme: { openIdConnectUrl: `${issuer}/.well-known/openid-configuration` },
      },
    },
    securityRequirements: [{ schemes: { oauth2: { list: [...capabilities] } } }],
    defaultInputModes: modes,
    defaultOutputModes: modes,
    skills: capabilities.map((capability) => ({
      id: capability,
      name: capability,
      description: `What the scope ${capability} allows.`,
      tags: [agentType, ...capability.split(":").filter((part) => part !== "*")],
    })),
  };
}
