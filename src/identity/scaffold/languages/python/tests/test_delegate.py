import unittest
from typing import Any
from unittest.mock import patch

from app import agentidp
from app.delegate import lent
from app.settings import Advice, Client

CLIENT = Client("https://idp.example.com", "agent-1", "sa_sec_for_this_test")
LOAN = {"delegateeAgentId": "agent-2", "scopes": ["agents:read"], "ttlSeconds": 300}
DELEGATION = {"chainId": "chain-1", "delegationToken": "sa_del_x", "expiresAt": "2030-01-01T00:00:00.000Z"}
BOTH = ["POST /api/v1/oauth2/token/delegate", "DELETE /api/v1/oauth2/token/delegate/chain-1"]


class Lent(unittest.TestCase):
    def setUp(self) -> None:
        self.calls: list[str] = []
        self.can_revoke = True
        patcher = patch.object(agentidp, "call", self._answer)
        patcher.start()
        self.addCleanup(patcher.stop)

    def _answer(self, _client: Client, _token: str, method: str, path: str, _body: Any = None) -> Any:
        self.calls.append(f"{method} {path}")
        if method == "DELETE" and not self.can_revoke:
            raise Advice("503")
        return DELEGATION if method == "POST" else None

    def test_is_revoked_after_the_work(self) -> None:
        with lent(CLIENT, "a.b.c", LOAN) as delegation:
            self.assertEqual(delegation, DELEGATION)
            self.assertEqual(self.calls, BOTH[:1])
        self.assertEqual(self.calls, BOTH)

    def test_is_revoked_after_an_error_of_the_work_which_is_raised(self) -> None:
        with self.assertRaisesRegex(ValueError, "the work failed"), lent(CLIENT, "a.b.c", LOAN):
            raise ValueError("the work failed")
        self.assertEqual(self.calls, BOTH)

    def test_says_when_it_ends_by_itself_where_it_could_not_be_revoked(self) -> None:
        self.can_revoke = False
        said = "chain-1 could not be revoked. It ends at 2030-01-01T00:00:00.000Z"
        with self.assertRaisesRegex(Advice, said), lent(CLIENT, "a.b.c", LOAN):
            pass
