"""The settings: environment variables, and the lines of `.env` for those that are not set."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit


class Advice(Exception):
    """An error that the person at the keyboard can mend: its message says how. It needs no traceback."""


@dataclass(frozen=True)
class Client:
    """The identity of an agent at the identity provider."""

    api_url: str
    client_id: str
    client_secret: str = field(repr=False)


def load_dot_env(path: Path = Path(".env")) -> None:
    """Sets the variables of the file that the environment does not have."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def optional(name: str) -> str | None:
    """The value of a variable; None when it is missing or empty."""
    return os.environ.get(name, "").strip() or None


def required(name: str) -> str:
    value = optional(name)
    if value is None:
        raise Advice(f"{name} is not set. Copy .env.example to .env and fill it in.")
    return value


def _api_url() -> str:
    """The address of the identity provider, without a slash at its end. Secrets go there, so https is a must."""
    text = required("AGENTIDP_API_URL")
    url = urlsplit(text)
    is_loopback = url.hostname in ("localhost", "127.0.0.1", "::1")
    if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and is_loopback)):
        raise Advice(f"AGENTIDP_API_URL must begin with https://, because secrets are sent to it: {text}")
    return text.rstrip("/")


def own_client() -> Client:
    """This agent."""
    return Client(_api_url(), required("AGENTIDP_CLIENT_ID"), required("AGENTIDP_CLIENT_SECRET"))


def delegatee_client() -> Client | None:
    """The second agent of the command `delegate`; None without both of its settings."""
    client_id, client_secret = optional("DELEGATEE_CLIENT_ID"), optional("DELEGATEE_CLIENT_SECRET")
    return Client(_api_url(), client_id, client_secret) if client_id and client_secret else None


def run(main: Callable[[], None]) -> None:
    """Runs a command: says what to do after an error, and never prints a secret."""
    try:
        load_dot_env()
        main()
    except Advice as advice:
        sys.exit(str(advice))
    except KeyboardInterrupt:
        sys.exit(130)
