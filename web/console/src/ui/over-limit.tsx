/** A limit of the organization's tier is reached: which one, when it resets, and what to do. */
import type { ApiProblem } from "../api/problem.ts";
import { Link } from "./link.tsx";
import { Count } from "./number.tsx";
import { Time } from "./time.tsx";

const limits: Readonly<Record<string, string>> = {
  maxAgents: "agents",
  maxCallsPerDay: "calls a day",
  callsPerDay: "calls a day",
  maxTokensPerDay: "tokens a day",
  tokensPerDay: "tokens a day",
  maxTokensPerMonth: "tokens a month",
  tokensPerMonth: "tokens a month",
};

export function OverLimit({ problem }: { readonly problem: ApiProblem }) {
  const { limit, max, current, resetsAt, upgradeUrl } = problem.details;
  const name = typeof limit === "string" ? limits[limit] : undefined;
  return (
    <div className="state warn" role="alert">
      <h2>A limit is reached</h2>
      <p>{problem.message}</p>
      {name !== undefined && typeof max === "number" && typeof current === "number" && (
        <p>
          <Count value={current} /> of <Count value={max} /> {name} are used.
        </p>
      )}
      {typeof resetsAt === "string" ? (
        <p>
          It resets <Time value={resetsAt} look="both" />.
        </p>
      ) : (
        <p>
          It does not reset by itself: free some of what counts{typeof upgradeUrl === "string" ? ", or upgrade" : ""}.
        </p>
      )}
      <p className="actions">
        <Link to="/tier" className="button">
          See the tier and its limits
        </Link>
      </p>
    </div>
  );
}
