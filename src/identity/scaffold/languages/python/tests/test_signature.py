import unittest

from app.settings import Advice
from app.signature import key_of, refusal_of

# Made with the standardwebhooks library.
KEY = key_of("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
NOW = 1_795_320_402
BODY = b'{"event":"agent.created"}'
SIGNATURE = "v1,LVNfLfkLhPBY9r2XPa6Xtb8WukUE/vQsqhwnm8t2Yng="
HEADERS = {
    "webhook-id": "01a2016f-5297-71f8-8dae-6e8741ab2836",
    "webhook-timestamp": str(NOW),
    "webhook-signature": SIGNATURE,
}


class Signature(unittest.TestCase):
    def test_of_the_secret_is_accepted(self) -> None:
        self.assertIsNone(refusal_of(KEY, HEADERS, BODY, NOW))

    def test_beside_that_of_another_secret_is_accepted_during_a_rotation(self) -> None:
        signatures = f"v1,{'A' * 43}= v2,x {SIGNATURE}"
        self.assertIsNone(refusal_of(KEY, {**HEADERS, "webhook-signature": signatures}, BODY, NOW))

    def test_of_another_body_id_or_secret_is_refused(self) -> None:
        refused = "no signature is of this secret"
        self.assertEqual(refusal_of(KEY, HEADERS, b"{}", NOW), refused)
        self.assertEqual(refusal_of(KEY, {**HEADERS, "webhook-id": "other"}, BODY, NOW), refused)
        self.assertEqual(refusal_of(bytes(32), HEADERS, BODY, NOW), refused)
        self.assertEqual(refusal_of(KEY, {**HEADERS, "webhook-signature": "v1,ü"}, BODY, NOW), refused)

    def test_from_more_than_five_minutes_ago_or_ahead_is_refused(self) -> None:
        refused = "it was not signed within the last five minutes"
        self.assertEqual(refusal_of(KEY, HEADERS, BODY, NOW + 301), refused)
        self.assertEqual(refusal_of(KEY, HEADERS, BODY, NOW - 301), refused)
        self.assertIsNone(refusal_of(KEY, HEADERS, BODY, NOW + 300))

    def test_is_needed(self) -> None:
        self.assertEqual(refusal_of(KEY, {}, BODY, NOW), "a webhook- header is missing")

    def test_needs_a_secret_that_is_not_printed(self) -> None:
        with self.assertRaises(Advice) as caught:
            key_of("whsec_short")
        self.assertIn("WEBHOOK_SECRET is not", str(caught.exception))
        self.assertNotIn("short", str(caught.exception))
