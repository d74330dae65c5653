/** What is said where there is no delegation. */
import { Button } from "../../ui/button.tsx";
import { Link } from "../../ui/link.tsx";
import { Empty } from "../../ui/states.tsx";
import { noFilters, useDelegationFilters } from "./filters.tsx";

export const LendLink = () => (
  <Link to="/delegations/new" className="button main">
    Lend scopes
  </Link>
);

export function NoDelegations({ isFiltered }: { readonly isFiltered: boolean }) {
  const { set } = useDelegationFilters();
  if (isFiltered) {
    return (
      <Empty title="No delegation matches" next={<Button onClick={() => set(noFilters)}>Clear the filters</Button>}>
        No delegation of your organization is like this.
      </Empty>
    );
  }
  return (
    <Empty
      title="No delegations yet"
      next={<LendLink />}
      code={`curl -sS --fail-with-body "${window.location.origin}/api/v1/oauth2/token/delegate" \\
  -H "Authorization: Bearer $TOKEN_OF_THE_LENDER" -H "Content-Type: application/json" \\
  -d '{"delegateeAgentId":"…","scopes":["agents:read"],"ttlSeconds":3600}'`}
    >
      With a delegation an agent acts for another, with part of its scopes and for a time. Your organization has none.
    </Empty>
  );
}

/** The graph without a chosen status: expired and revoked delegations may exist, and the list has them. */
export const NoActiveDelegation = () => (
  <Empty title="No active delegation" next={<LendLink />}>
    The graph shows active delegations until a status is chosen. The list has the expired and revoked ones too.
  </Empty>
);
