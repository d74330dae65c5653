"""`python -m app.delegate <agentId> [resource scope]`

Lends another agent of the organization `agents:read`, or a capability for an API of the organization. Where the
settings of the delegatee are set, acts as the delegatee. Revokes the delegation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from app import agentidp
from app.settings import Advice, Client, delegatee_client, own_client, run

_DELEGATE = "/api/v1/oauth2/token/delegate"


@contextmanager
def lent(client: Client, access_token: str, loan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A delegation for the time of one piece of work. It is revoked at the end, also after an error of the work."""
    delegation = agentidp.call(client, access_token, "POST", _DELEGATE, loan)

    def revoke() -> None:
        agentidp.call(client, access_token, "DELETE", f"{_DELEGATE}/{delegation['chainId']}")
        print("Revoked.")

    unrevoked = f"The delegation {delegation['chainId']} could not be revoked. It ends at {delegation['expiresAt']}."
    try:
        yield delegation
    except BaseException:
        try:
            revoke()
        except Advice:
            print(unrevoked, file=sys.stderr)
        raise
    try:
        revoke()
    except Advice as error:
        raise Advice(unrevoked) from error


def _act(delegator: Client, delegatee: Client, access_token: str, resource: str | None) -> None:
    """What the delegatee does with its token, which acts for the delegator."""
    if resource is not None:
        print(f'The delegatee has a token for {resource}. It sends it there as "Authorization: Bearer …".')
        return
    record = agentidp.call(delegatee, access_token, "GET", f"/api/v1/agents/{delegator.client_id}")
    print(f"The delegatee reads the record of {record['email']} with it.")


def main() -> None:
    arguments = sys.argv[1:]
    if len(arguments) not in (1, 3):
        raise Advice("Usage: python -m app.delegate <agentId> [resource scope]")
    delegatee_id, resource, scope = (*arguments, None, None)[:3]
    delegator, delegatee = own_client(), delegatee_client()
    if delegatee and delegatee.client_id != delegatee_id:
        raise Advice(f"DELEGATEE_CLIENT_ID is {delegatee.client_id}, and the agent to lend to is {delegatee_id}.")
    # To lend a capability for an API, the token must carry delegations:write, which a request must name.
    access_token = agentidp.sign_in(delegator, "delegations:write" if resource else None)
    scopes = [scope or "agents:read"]
    loan = {"delegateeAgentId": delegatee_id, "scopes": scopes, "ttlSeconds": 300}
    if resource:
        loan["resource"] = resource
    with lent(delegator, access_token, loan) as delegation:
        until, chain = delegation["expiresAt"], delegation["chainId"]
        print(f"Lent {scopes[0]} to {delegatee_id} until {until} (delegation {chain}).")
        if delegatee:
            token = agentidp.exchange_delegation(delegatee, delegation["delegationToken"])
            _act(delegator, delegatee, token, resource)
        else:
            print("To see the delegatee act, set DELEGATEE_CLIENT_ID and DELEGATEE_CLIENT_SECRET in .env.")


if __name__ == "__main__":
    run(main)
