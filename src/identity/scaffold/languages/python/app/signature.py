"""Signatures of webhooks, by Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

from app.settings import Advice

# A delivery is refused when it was signed longer ago than this, or further in the future: it may be a replay.
_TOLERANCE_SECONDS = 300


def key_of(signing_secret: str) -> bytes:
    """The key in a `signingSecret`: the bytes after `whsec_`."""
    if not re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", signing_secret):
        raise Advice("WEBHOOK_SECRET is not the signingSecret of a webhook: whsec_ and 44 characters.")
    return base64.b64decode(signing_secret.removeprefix("whsec_"))


def refusal_of(key: bytes, headers: Mapping[str, str], body: bytes, now_seconds: float) -> str | None:
    """Why a delivery is refused; None when its body was signed with the key, now.

    `headers`: with their names in lower case. `body`: the received bytes, not parsed JSON.
    """
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (message_id and timestamp and signatures):
        return "a webhook- header is missing"
    if not re.fullmatch(r"[0-9]{1,15}", timestamp):
        return "webhook-timestamp is not a number"
    if abs(now_seconds - int(timestamp)) > _TOLERANCE_SECONDS:
        return "it was not signed within the last five minutes"
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    # Several with a space between them while the secret is being rotated.
    if any([hmac.compare_digest(one.encode(), expected) for one in signatures.split(" ")]):
        return None
    return "no signature is of this secret"
