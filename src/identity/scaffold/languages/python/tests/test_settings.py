import os
import tempfile
import unittest
from pathlib import Path
from unittest.mock import patch

from app.settings import Advice, delegatee_client, load_dot_env, own_client

VARIABLES = {
    "AGENTIDP_API_URL": "https://idp.example.com/",
    "AGENTIDP_CLIENT_ID": "agent-1",
    "AGENTIDP_CLIENT_SECRET": "sa_sec_for_this_test",
}


class Settings(unittest.TestCase):
    def test_come_from_the_environment_first_and_then_from_the_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"ONE": "1"}, clear=True):
            path = Path(folder) / ".env"
            path.write_text("# A comment=x\nONE=2\n\nTWO = 'a=b'\n")
            load_dot_env(path)
            self.assertEqual(dict(os.environ), {"ONE": "1", "TWO": "a=b"})

    def test_make_the_client(self) -> None:
        with patch.dict(os.environ, VARIABLES, clear=True):
            self.assertEqual(own_client().api_url, "https://idp.example.com")
            self.assertIsNone(delegatee_client())

    def test_name_what_is_missing(self) -> None:
        variables = {**VARIABLES, "AGENTIDP_CLIENT_SECRET": ""}
        with patch.dict(os.environ, variables, clear=True), self.assertRaisesRegex(Advice, "AGENTIDP_CLIENT_SECRET"):
            own_client()

    def test_refuse_an_address_that_would_show_the_secret(self) -> None:
        for url in ("http://idp.example.com", "idp.example.com", "ftp://localhost"):
            variables = {**VARIABLES, "AGENTIDP_API_URL": url}
            with patch.dict(os.environ, variables, clear=True), self.assertRaisesRegex(Advice, "https://"):
                own_client()
