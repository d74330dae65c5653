/** What a screen says when it cannot show what was wanted: empty, failed, forbidden, over a limit. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem } from "../api/problem.ts";
import type { PlatformScope } from "../api/schema.ts";
import { sessionQuery } from "../session/session.ts";
import { Button } from "./button.tsx";
import { Id } from "./id.tsx";
import { Link } from "./link.tsx";
import { OverLimit } from "./over-limit.tsx";

interface EmptyProps {
  /** "No agents yet" */
  readonly title: string;
  /** What it is, and why there is none */
  readonly children: ReactNode;
  /** The one next step: a link or a button */
  readonly next?: ReactNode;
  /** The lines that do the same from a program */
  readonly code?: string;
}

export function Empty({ title, children, next, code }: EmptyProps) {
  return (
    <div className="state">
      <h2>{title}</h2>
      <p>{children}</p>
      {next && <p className="actions">{next}</p>}
      {code && (
        <>
          <p className="quiet-text">The same from a program:</p>
          <pre className="code">{code}</pre>
        </>
      )}
    </div>
  );
}

interface ProblemProps {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  /** Whether data from before is still shown below */
  readonly isStale?: boolean;
  /** It is a change that was refused, not something to be shown. */
  readonly isAct?: boolean;
}

/** A refusal or a failure, in the form that fits it. */
export function Problem({ error, onRetry, isStale = false, isAct = false }: ProblemProps) {
  const problem = asProblem(error);
  if (problem.isOverLimit) return <OverLimit problem={problem} />;
  if (problem.isForbidden && !isStale) {
    return (
      <Forbidden
        scope={problem.requiredScope as PlatformScope | null}
        message={problem.message}
        hint={problem.hint}
        isAct={isAct}
      />
    );
  }
  const failed = isAct ? "It was not done" : "This could not be read";
  const title = problem.isNotFound ? "Not found" : isStale ? "This is from before" : failed;
  const cause = typeof problem.details.error === "string" ? problem.details.error : undefined;
  return (
    <div className={isStale ? "state bad stale-mark" : "state bad"} role="alert">
      <h2>{title}</h2>
      <p>{isStale ? `It could not be read anew. ${problem.message}` : problem.message}</p>
      {problem.hint !== "" && <p>{problem.hint}</p>}
      {problem.retryAfterSeconds !== null && <p>Try again in {problem.retryAfterSeconds} seconds.</p>}
      {cause && <pre className="code">{cause}</pre>}
      <p className="actions">
        {onRetry && !problem.isNotFound && <Button onClick={onRetry}>Retry</Button>}
        {problem.requestId && (
          <span className="quiet-text">
            Request <Id value={problem.requestId} label="request id" />
          </span>
        )}
      </p>
    </div>
  );
}

interface ForbiddenProps {
  readonly scope?: PlatformScope | null;
  readonly message?: string;
  readonly hint?: string;
  readonly isAct?: boolean;
}

/** Which scope or role is missing, and who can give it. */
export function Forbidden({ scope = null, message, hint, isAct = false }: ForbiddenProps) {
  const session = useQuery(sessionQuery).data?.session;
  const isNarrow = scope !== null && session?.agent.grantedScopes.includes(scope) === true;
  return (
    <div className="state">
      <h2>{isAct ? "You may not do this" : "You may not see this"}</h2>
      {scope === null ? (
        <>
          <p>{message ?? "The role of your agent does not allow it."}</p>
          {hint && <p>{hint}</p>}
        </>
      ) : (
        <>
          <p>
            It needs the scope <code>{scope}</code>, which{" "}
            {isNarrow ? (
              "this session does not have."
            ) : (
              <>
                the agent <bdi className="breaks">{session?.agent.email}</bdi> does not hold.
              </>
            )}
          </p>
          <p>
            {isNarrow ? (
              "The agent holds it, but the session began with less: by a link of a token without it, or before the agent got it. Sign in again, with the id and a secret or with a link of a wider token."
            ) : (
              <>
                An admin of your organization can add <code>{scope}</code> to the agent's scopes. Sign in again after
                that: a session has the scopes that the agent had when it began.
              </>
            )}
          </p>
        </>
      )}
      <p className="actions">
        <Link to="/account">See the scopes of this session</Link>
      </p>
    </div>
  );
}
