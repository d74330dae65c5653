/** The way to a first agent that works. The ticks come from what the service has, not from what was clicked. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useSession } from "../../session/session.ts";
import { Code } from "../../ui/code.tsx";
import { Link } from "../../ui/link.tsx";
import { Loaded } from "../../ui/loaded.tsx";
import { Page } from "../../ui/page.tsx";
import { Skeleton } from "../../ui/skeleton.tsx";
import { type Progress, progressQuery } from "./progress.ts";

export function Screen() {
  const session = useSession();
  const progress = useQuery(progressQuery(session));
  return (
    <Page title="First steps" lead="From nothing to an agent with a token that your API can check.">
      <Loaded query={progress} skeleton={<Skeleton lines={12} />}>
        {(done) => <Steps done={done} />}
      </Loaded>
    </Page>
  );
}

function Steps({ done }: { readonly done: Progress }) {
  const issuer = window.location.origin;
  const agent = done.agentId ?? "AGENT_ID";
  const steps = [
    {
      title: "Register an agent",
      isDone: done.agentId !== null,
      text: "An agent is one program with an identity of its own: its id is its client id and the subject of its tokens.",
      body: (
        <Link to="/agents/register" className="button">
          Register an agent
        </Link>
      ),
    },
    {
      title: "Create a credential",
      isDone: done.hasCredential,
      text: "The secret is shown once. The service keeps only a hash of it.",
      body: done.agentId !== null && (
        <Link to={`/agents/${done.agentId}`} search={{ tab: "credentials" }} className="button">
          Create a credential
        </Link>
      ),
    },
    {
      title: "Get a token",
      isDone: done.hasToken,
      text: "The client credentials grant, with the id and the secret. The token is valid for an hour.",
      body: (
        <Code label="Command">
          {`curl -sS --fail-with-body "${issuer}/api/v1/token" \\
  -u "${agent}:$AGENTIDP_CLIENT_SECRET" \\
  -d grant_type=client_credentials`}
        </Code>
      ),
    },
    {
      title: "Verify it",
      isDone: done.hasVerified,
      text: "Your API checks the signature with the published keys and needs no call for it. Introspection also says whether the token was revoked; it is what the tick is for.",
      body: (
        <Code label="Commands">
          {`curl -sS "${issuer}/.well-known/jwks.json"
curl -sS --fail-with-body "${issuer}/api/v1/token/introspect" \\
  -H "Authorization: Bearer $ADMIN_TOKEN" -d token="$TOKEN"`}
        </Code>
      ),
    },
    {
      title: "Subscribe a webhook",
      isDone: done.hasWebhook,
      text: "Your systems hear of what happens: an agent suspended, a credential rotated. Each delivery is signed.",
      body: (
        <Link to="/webhooks" className="button">
          Create a webhook
        </Link>
      ),
    },
  ];
  const count = steps.filter(({ isDone }) => isDone).length;
  return (
    <>
      <p role="status">
        <strong>
          {count} of {steps.length} done.
        </strong>{" "}
        {count === steps.length && <Link to="/">Go on with the overview.</Link>}
      </p>
      <ol className="steps">
        {steps.map(({ title, isDone, text, body }, index) => (
          <Step key={title} number={index + 1} title={title} isDone={isDone} text={text}>
            {body}
          </Step>
        ))}
      </ol>
    </>
  );
}

interface StepProps {
  readonly number: number;
  readonly title: string;
  /** null: this session may not see it */
  readonly isDone: boolean | null;
  readonly text: string;
  readonly children: ReactNode;
}

function Step({ number, title, isDone, text, children }: StepProps) {
  const state = isDone === null ? "Not visible with the scopes of this session" : isDone ? "Done" : "To do";
  return (
    <li className={isDone ? "step done" : "step"}>
      <span className="step-mark" aria-hidden="true">
        {isDone ? "✓" : number}
      </span>
      <div className="step-text">
        <h2>
          {title} <span className="quiet-text">{state}</span>
        </h2>
        <p>{text}</p>
        {children}
      </div>
    </li>
  );
}
