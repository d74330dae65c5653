/** The record of an agent. */
import type { Agent, PublicKeyJwk } from "../../api/schema.ts";
import { DefinitionList } from "../../ui/details.tsx";
import { Id } from "../../ui/id.tsx";
import { Time } from "../../ui/time.tsx";

const keyText = ({ kty, crv, alg }: PublicKeyJwk) => [kty, crv, alg].filter((part) => part !== undefined).join(", ");

export function Summary({ agent }: { readonly agent: Agent }) {
  return (
    <DefinitionList
      facts={[
        { label: "E-mail", value: <bdi>{agent.email}</bdi> },
        { label: "Owner", value: <bdi>{agent.owner}</bdi> },
        { label: "Capabilities", value: <Words words={agent.capabilities} /> },
        { label: "Scopes", value: <Words words={agent.grantedScopes} /> },
        {
          label: "Description",
          value:
            agent.description === null ? (
              <span className="quiet-text">none</span>
            ) : (
              <p className="written">{agent.description}</p>
            ),
        },
        { label: "Client id", value: <Id value={agent.agentId} label="client id" /> },
        { label: "DID", value: <code>{agent.did}</code> },
        { label: "Key", value: keyText(agent.publicKeyJwk) },
        {
          label: "Tokens bound to a key (DPoP)",
          value: agent.dpopRequired ? "every one" : "those that are asked for with a proof",
        },
        { label: "Algorithm of its id_tokens", value: agent.idTokenSignedResponseAlg },
        { label: "In the marketplace", value: agent.isPublic ? "yes: everyone can read its card" : "no" },
        { label: "Registered", value: <Time value={agent.createdAt} look="both" /> },
        { label: "Last changed", value: <Time value={agent.updatedAt} look="both" /> },
      ]}
    />
  );
}

function Words({ words }: { readonly words: readonly string[] }) {
  if (words.length === 0) return <span className="quiet-text">none</span>;
  return (
    <ul className="words">
      {words.map((word) => (
        <li key={word}>
          <code>{word}</code>
        </li>
      ))}
    </ul>
  );
}
