/** The way in: an agent's id and secret, or a one-time link. */
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { ApiProblem } from "../../api/problem.ts";
import { takeLinkCode } from "../../session/link-code.ts";
import { returnPath } from "../../session/return-path.ts";
import { type Credentials, type EndReason, endReasonOf, forgetAnswers, signIn } from "../../session/session.ts";
import { ThemeSwitch } from "../../shell/account-menu.tsx";
import { useAct } from "../../ui/act.ts";
import { Button } from "../../ui/button.tsx";
import { Field } from "../../ui/field.tsx";
import { Page } from "../../ui/page.tsx";

/** Where the user was, and why the user is here. */
interface SignInSearch {
  readonly from?: string;
  readonly ended?: string;
}

export function SignIn() {
  const { from, ended } = useSearch({ strict: false }) as SignInSearch;
  const reason = endReasonOf(ended);
  const client = useQueryClient();
  const navigate = useNavigate();
  const enter = useAct((body: Credentials) => signIn(client, body));
  const [isByLink, setByLink] = useState(false);
  const [clientId, setClientId] = useState("");
  const [clientSecret, setClientSecret] = useState("");

  const begin = async (body: Credentials) => {
    const { problem } = await enter.run(body);
    // Neither a reload nor the screen after it may find the secret in the page.
    if (!problem) {
      setClientSecret("");
      await navigate({ href: `/console${returnPath(from)}`, replace: true });
    }
  };

  useEffect(() => forgetAnswers(client), [client]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a code works once, so it is sent once.
  useEffect(() => {
    const code = takeLinkCode();
    if (code === null) return;
    setByLink(true);
    void begin({ code });
  }, []);

  return (
    <main className="sign-in" id="content">
      <p className="brand">SentryAgent</p>
      <Page title="Sign in to the console" lead="Sign in as an agent of your organization.">
        {reason && !enter.problem && <Ended reason={reason} hasReturn={returnPath(from) !== "/"} />}
        {enter.problem && <Refused problem={enter.problem} isByLink={isByLink} />}
        {isByLink && enter.isRunning ? (
          <p role="status">Signing in with the link…</p>
        ) : (
          <form
            className="form"
            onSubmit={(event) => {
              event.preventDefault();
              setByLink(false);
              void begin({ clientId: clientId.trim(), clientSecret: clientSecret.trim() });
            }}
          >
            <Field
              name="username"
              label="Agent id"
              hint="Also called the client id"
              value={clientId}
              onChange={setClientId}
              autoComplete="username"
              spellCheck={false}
              isCode
              required
            />
            <Field
              name="password"
              label="Client secret"
              type="password"
              value={clientSecret}
              onChange={setClientSecret}
              autoComplete="current-password"
              isCode
              required
            />
            <div className="actions">
              <Button type="submit" look="main" isBusy={enter.isRunning}>
                Sign in
              </Button>
            </div>
          </form>
        )}
        <Help />
        <ThemeSwitch />
      </Page>
    </main>
  );
}

const endings: Readonly<Record<EndReason, string>> = {
  signed_out: "You have signed out, in this browser or in another window of it.",
  ended: "It was ended from another session of the agent.",
  replaced: "The agent has begun 20 newer sessions, and the oldest ends.",
  expired: "It ends after 30 minutes without use, and after 8 hours.",
  revoked:
    "Its agent is suspended, its credential revoked, or its organization suspended. If it cannot sign in any more, ask an admin of the organization, or the operator of the service.",
};

function Ended({ reason, hasReturn }: { readonly reason: EndReason; readonly hasReturn: boolean }) {
  return (
    <div className="state warn" role="status">
      <h2>Your session has ended</h2>
      <p>
        {endings[reason]} {hasReturn && reason !== "revoked" && "Sign in, and you are back where you were."}
      </p>
    </div>
  );
}

function Refused({ problem, isByLink }: { readonly problem: ApiProblem; readonly isByLink: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each refusal is said, an equal one too.
  useEffect(() => box.current?.focus(), [problem]);
  const isUnknown = problem.status === 401;
  return (
    <div className="state bad" role="alert" ref={box} tabIndex={-1}>
      <h2>You are not signed in</h2>
      {isUnknown && isByLink && (
        <p>The link has been used, or is older than 60 seconds. Make a new one, or sign in with an id and a secret.</p>
      )}
      {isUnknown && !isByLink && (
        <p>
          The id and the secret do not fit together, or the credential or its agent is no longer active. Check both, or
          let an admin make a new credential.
        </p>
      )}
      {!isUnknown && (
        <>
          <p>{problem.message}</p>
          {problem.hint !== "" && <p>{problem.hint}</p>}
          {problem.retryAfterSeconds !== null && <p>Try again in {problem.retryAfterSeconds} seconds.</p>}
        </>
      )}
      {problem.requestId && (
        <p className="quiet-text">
          Request <code className="breaks">{problem.requestId}</code>
        </p>
      )}
    </div>
  );
}

function Help() {
  return (
    <div className="help">
      <details>
        <summary>Why an agent signs in here</summary>
        <p>
          Everything that this service lets in is an agent, and so are you: your session has the role and the scopes of
          the agent that you sign in as, no more, and the audit log names it. An agent with the role admin manages its
          organization.
        </p>
      </details>
      <details>
        <summary>Where to get an id and a secret</summary>
        <p>
          An admin of your organization registers an agent for you and creates a credential. On your own machine,{" "}
          <code>npm start</code> writes those of the first admin to <code>.local/admin.env</code>; see the{" "}
          <a href="/quick-start">quick start</a>. An agent with a key of its own has no secret: it makes a one-time link
          with a token, <code>POST /api/v1/console/links</code>.
        </p>
      </details>
    </div>
  );
}
