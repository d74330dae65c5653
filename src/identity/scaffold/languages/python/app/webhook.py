"""`python -m app.webhook`: receives webhooks, prints those with a valid signature and refuses all others."""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.settings import Advice, optional, required, run
from app.signature import key_of, refusal_of

_LONGEST_BODY = 256 * 1024

# A delivery can come more than once. A receiver that must not act twice keeps these ids in its database.
_seen: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    key: bytes
    # Seconds that a sender may be silent.
    timeout = 30

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._answer(411)
            return
        if int(length) > _LONGEST_BODY:
            self._answer(413)
            return
        body = self.rfile.read(int(length))
        headers = {name.lower(): value for name, value in self.headers.items()}
        refusal = refusal_of(self.key, headers, body, time.time())
        if refusal is not None:
            print(f"Refused a delivery: {refusal}.", file=sys.stderr, flush=True)
            self._answer(401)
            return
        # Answer within ten seconds, and do long work afterwards: a late answer counts as none.
        self._answer(204)
        event = json.loads(body)
        if event["id"] not in _seen:
            print(event["event"], json.dumps(event["data"]), flush=True)
        _seen.add(event["id"])

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """The receiver has its own lines."""


def main() -> None:
    Receiver.key = key_of(required("WEBHOOK_SECRET"))
    port = optional("PORT") or "8790"
    if not port.isdecimal() or int(port) > 65_535:
        raise Advice("PORT must be a number up to 65535.")
    try:
        server = ThreadingHTTPServer(("", int(port)), Receiver)
    except OSError as error:
        reason = error.strerror
        raise Advice(f"The receiver cannot listen on port {port}: {reason}. Set another PORT in .env.") from error
    print(f"Receiving webhooks on port {server.server_port}. Ctrl-C ends.", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    run(main)
