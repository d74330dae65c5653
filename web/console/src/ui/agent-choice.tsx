/** One agent: its id, or a part of its e-mail with a choice of the agents that match. */
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { read } from "../api/queries.ts";
import { hasScope, useSession } from "../session/session.ts";
import { useAgentEmail } from "./agent-name.tsx";
import { Field } from "./field.tsx";
import { isId } from "./id.tsx";

const pauseMs = 300;
/** A longer text names no agent (the rule of `search` of the API). */
const maxLength = 100;
const mostShown = 5;

interface AgentChoiceProps {
  /** "About the agent" */
  readonly label: string;
  readonly name?: string;
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly isRequired?: boolean;
  readonly value: string | undefined;
  readonly onChange: (agentId: string | undefined) => void;
}

export function AgentChoice({
  label,
  name = "agent",
  hint,
  error,
  isRequired = false,
  value = "",
  onChange,
}: AgentChoiceProps) {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  const [searched, setSearched] = useState("");
  if (given !== value) {
    setGiven(value);
    setText(value);
  }
  const wanted = text.trim();
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing begins the pause anew.
  useEffect(() => {
    if (wanted === value) return undefined;
    const timer = setTimeout(() => {
      setSearched(isId(wanted) ? "" : wanted);
      if (isId(wanted)) onChange(wanted.toLowerCase());
      else if (value !== "") onChange(undefined);
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [wanted]);
  return (
    <div className="agent-choice">
      <Field
        type="search"
        name={name}
        label={label}
        error={error}
        required={isRequired}
        {...(hint === undefined ? {} : { hint })}
        placeholder="id or e-mail"
        value={text}
        onChange={setText}
        maxLength={maxLength}
        autoComplete="off"
        spellCheck={false}
      />
      {value !== "" && wanted === value && <ChosenAgent agentId={value} />}
      {wanted !== "" && wanted === searched && <Matches text={searched} onChoose={onChange} />}
    </div>
  );
}

function ChosenAgent({ agentId }: { readonly agentId: string }) {
  const email = useAgentEmail(agentId);
  return email === undefined ? null : (
    <p className="hint">
      <bdi>{email}</bdi>
    </p>
  );
}

interface MatchesProps {
  readonly text: string;
  readonly onChoose: (agentId: string) => void;
}

/** An agent is chosen, never guessed: a part of an e-mail can fit several. */
function Matches({ text, onChoose }: MatchesProps) {
  const mayRead = hasScope(useSession(), "agents:read");
  const { data, isError } = useQuery({
    ...read("GET /agents", { query: { search: text, limit: mostShown } }),
    enabled: mayRead,
  });
  if (!mayRead) return <p className="hint">To look for an e-mail it needs the scope agents:read. Enter an id.</p>;
  if (isError) return <p className="error">The agents could not be read. Enter an id.</p>;
  if (data === undefined) return <p className="hint">Looking for it…</p>;
  return (
    <div className="hint" role="status">
      {data.data.length === 0 ? (
        "No agent has this in its e-mail or owner."
      ) : (
        <>
          Choose one:
          <ul>
            {data.data.map(({ agentId, email }) => (
              <li key={agentId}>
                <button type="button" className="as-link breaks" onClick={() => onChoose(agentId)}>
                  <bdi>{email}</bdi>
                </button>
              </li>
            ))}
          </ul>
          {data.nextCursor !== null && "More match: type more of it."}
        </>
      )}
    </div>
  );
}
