"""Signs in and says who the agent is. Begin your own agent here."""

from app import agentidp
from app.settings import own_client


def main() -> None:
    client = own_client()
    agent = agentidp.who_am_i(client, agentidp.sign_in(client))
    print(f"Signed in as {agent['email']} of the organization {agent['organization_slug']}.")
    print(f"Agent: {agent['agentId']}")
    print(f"Scopes: {agent['scope'] or 'none'}")
