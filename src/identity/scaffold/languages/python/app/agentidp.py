"""The calls of the identity provider.

No SDK for Python is in PyPI yet, so this is plain HTTP with `urllib` of the standard library.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from app.settings import Advice, Client

_EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
_DELEGATION_TOKEN_TYPE = "urn:sentryagent:token-type:delegation"
_TIMEOUT_SECONDS = 30


class Refused(Advice):
    """A refusal by the identity provider, with what it advises."""

    def __init__(self, what: str, status: int, body: Mapping[str, Any]) -> None:
        code, message = body["code"], body.get("message", "")
        hint, request_id = body.get("hint", ""), body.get("requestId", "none")
        super().__init__(f"{what} was refused: {status} {code}. {message}\n{hint}\nRequest id: {request_id}")
        self.status = status
        self.code = code


def _foreign(what: str, status: int) -> Advice:
    """For an answer that the identity provider does not give: a proxy, or another server, gave it."""
    return Advice(f"{what}: the answer (status {status}) is not from the identity provider. Check AGENTIDP_API_URL.")


class _NoRedirect(HTTPRedirectHandler):
    """A redirect could lead the secret to another host."""

    def redirect_request(self, *_args: object, **_kwargs: object) -> None:
        return None


_opener = build_opener(_NoRedirect)


def _parsed(body: bytes) -> Any:
    """The JSON of an answer; None for anything else."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def _send(what: str, request: Request) -> Any:
    """Sends a request and returns the JSON of its answer; None for an answer without a body."""
    try:
        with _opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
            status, body = response.status, response.read()
    except HTTPError as error:
        problem = _parsed(error.read())
        if not isinstance(problem, dict) or "code" not in problem:
            raise _foreign(what, error.code) from None
        raise Refused(what, error.code, problem) from None
    except (OSError, HTTPException) as error:
        host = f"{request.type}://{request.host}"
        raise Advice(f"{what}: {host} does not answer. Check AGENTIDP_API_URL and the network.") from error
    parsed = _parsed(body)
    if body and not isinstance(parsed, dict):
        raise _foreign(what, status)
    return parsed


def _request_token(what: str, client: Client, parameters: Mapping[str, str]) -> str:
    basic = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    answer = _send(
        what,
        Request(
            f"{client.api_url}/api/v1/token",
            method="POST",
            headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"},
            data=urlencode(parameters).encode(),
        ),
    )
    if not answer or "access_token" not in answer:
        raise _foreign(what, 200)
    return str(answer["access_token"])


def sign_in(client: Client, scope: str | None = None) -> str:
    """Signs in (RFC 6749 4.4) and returns an access token for the API of the identity provider.

    `scope`: separated by spaces. Without it: every scope that the agent has and that needs not be named.
    """
    parameters = {"grant_type": "client_credentials"}
    if scope:
        parameters["scope"] = scope
    return _request_token("The sign-in", client, parameters)


def exchange_delegation(delegatee: Client, delegation_token: str) -> str:
    """Exchanges a delegation token for an access token with the lent authority (RFC 8693)."""
    parameters = {
        "grant_type": _EXCHANGE_GRANT,
        "subject_token": delegation_token,
        "subject_token_type": _DELEGATION_TOKEN_TYPE,
    }
    return _request_token("The exchange of the delegation", delegatee, parameters)


def call(client: Client, access_token: str, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """Calls the API with an access token."""
    headers = {"Authorization": f"Bearer {access_token}"}
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body).encode()
    return _send(f"{method} {path}", Request(f"{client.api_url}{path}", method=method, headers=headers, data=data))


def who_am_i(client: Client, access_token: str) -> Mapping[str, Any]:
    agent: Mapping[str, Any] = call(client, access_token, "GET", "/agent-info")
    return agent
