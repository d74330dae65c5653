import io
import unittest
from email.message import Message
from typing import Any
from unittest.mock import MagicMock, patch
from urllib.error import HTTPError, URLError
from urllib.request import Request

from app import agentidp
from app.settings import Advice, Client

CLIENT = Client("https://idp.example.com", "agent-1", "sa_sec_for_this_test")


def answers(body: bytes) -> Any:
    """Answers in place of the network."""
    answer = MagicMock(status=200)
    answer.__enter__.return_value.read.return_value = body
    return patch.object(agentidp._opener, "open", return_value=answer)


class SignIn(unittest.TestCase):
    def test_sends_the_id_and_the_secret_and_nothing_in_the_url(self) -> None:
        with answers(b'{"access_token": "a.b.c"}') as sent:
            self.assertEqual(agentidp.sign_in(CLIENT, "delegations:write"), "a.b.c")
        request: Request = sent.call_args.args[0]
        self.assertEqual(request.full_url, "https://idp.example.com/api/v1/token")
        self.assertEqual(request.data, b"grant_type=client_credentials&scope=delegations%3Awrite")
        self.assertEqual(request.get_header("Authorization"), "Basic YWdlbnQtMTpzYV9zZWNfZm9yX3RoaXNfdGVzdA==")

    def test_says_why_it_was_refused_and_what_to_do(self) -> None:
        body = b'{"code": "UNAUTHORIZED", "message": "It is wrong.", "hint": "Make a new one.", "requestId": "r-1"}'
        error = HTTPError("https://idp.example.com", 401, "", Message(), io.BytesIO(body))
        with patch.object(agentidp._opener, "open", side_effect=error), self.assertRaises(agentidp.Refused) as caught:
            agentidp.sign_in(CLIENT)
        said = "The sign-in was refused: 401 UNAUTHORIZED. It is wrong.\nMake a new one.\nRequest id: r-1"
        self.assertEqual(str(caught.exception), said)

    def test_says_where_to_look_when_nothing_answers(self) -> None:
        with (
            patch.object(agentidp._opener, "open", side_effect=URLError("refused")),
            self.assertRaisesRegex(Advice, "https://idp.example.com does not answer. Check AGENTIDP_API_URL"),
        ):
            agentidp.sign_in(CLIENT)

    def test_says_where_to_look_when_the_answer_comes_from_something_else(self) -> None:
        for body in (b"<html>", b"{}", b""):
            with answers(body), self.assertRaisesRegex(Advice, "Check AGENTIDP_API_URL"):
                agentidp.sign_in(CLIENT)


class Call(unittest.TestCase):
    def test_carries_the_token(self) -> None:
        with answers(b'{"agentId": "agent-1"}') as sent:
            self.assertEqual(agentidp.who_am_i(CLIENT, "a.b.c"), {"agentId": "agent-1"})
        request: Request = sent.call_args.args[0]
        self.assertEqual(request.full_url, "https://idp.example.com/agent-info")
        self.assertEqual(request.get_header("Authorization"), "Bearer a.b.c")


class TheClient(unittest.TestCase):
    def test_does_not_show_its_secret(self) -> None:
        self.assertNotIn("sa_sec_", repr(CLIENT))
