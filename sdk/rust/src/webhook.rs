//! Verifies webhooks (standardwebhooks.com).
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::generated::models::{WebhookData, WebhookEventType};
use crate::secret::Secret;
use aws_lc_rs::hmac;
use base64::prelude::{Engine as _, BASE64_STANDARD};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Clocks may differ by this, either way. Older deliveries are repetitions of an attacker.
const TOLERANCE_SECONDS: i64 = 300;

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WebhookEvent {
    /// The same in each delivery of the event.
    pub id: String,
    /// The name of the event.
    pub event: WebhookEventType,
    /// When it happened.
    #[serde(with = "crate::instant")]
    pub timestamp: DateTime<Utc>,
    /// Whose event it is.
    pub organization_id: String,
    /// What happened.
    pub data: WebhookData,
}

fn refuse(code: &str, message: &str) -> AgentIdPError {
    AgentIdPError::of(ErrorKind::Auth, code, message)
}

/// Verifies deliveries with the signing secret of a subscription, or with several while it is rotated. It needs the body as it was
/// received: one that was parsed and written again can have another signature.
///
/// ```
/// use sentryagent_idp::Webhook;
///
/// let webhook = Webhook::new(["whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="])?;
/// let headers = [("webhook-id", "1"), ("webhook-timestamp", "1795320402"), ("webhook-signature", "v1,AAAA")];
/// let refusal = webhook.verify(b"{}", headers).unwrap_err();
/// assert!(refusal.code().starts_with("WEBHOOK_"));
/// # Ok::<(), sentryagent_idp::AgentIdPError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Webhook {
    secrets: Vec<Secret>,
}

impl Webhook {
    /// With the secrets that are valid now.
    ///
    /// # Errors
    /// `Config` for no secret, or one that is no signing secret.
    pub fn new<T: Into<Secret>>(secrets: impl IntoIterator<Item = T>) -> Result<Self> {
        let secrets: Vec<Secret> = secrets.into_iter().map(Into::into).collect();
        if secrets.is_empty() || secrets.iter().any(|secret| key_of(secret).is_none()) {
            return Err(AgentIdPError::config(
                "A signing secret begins with `whsec_` and goes on in base64.",
            ));
        }
        Ok(Self { secrets })
    }

    /// The event of a delivery. The same event can be delivered more than once; its `id` tells. Names of headers can be in any
    /// case.
    ///
    /// # Errors
    /// `Auth` with `WEBHOOK_MISSING_HEADER`, `WEBHOOK_TOO_OLD`, `WEBHOOK_TOO_NEW` or `WEBHOOK_WRONG_SIGNATURE`; `Serde` for a
    /// signed body that is no event.
    pub fn verify<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<WebhookEvent> {
        self.verify_at(body, headers, Utc::now())
    }

    /// The same at another time, for tests.
    ///
    /// # Errors
    /// As [`Webhook::verify`].
    pub fn verify_at<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
        now: DateTime<Utc>,
    ) -> Result<WebhookEvent> {
        let missing = || {
            refuse(
                "WEBHOOK_MISSING_HEADER",
                "A header of the signature is missing or malformed.",
            )
        };
        let [id, timestamp, signatures] = found(
            headers,
            ["webhook-id", "webhook-timestamp", "webhook-signature"],
        );
        let is_time = (1..=12).contains(&timestamp.len())
            && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        if id.is_empty() || signatures.is_empty() || !is_time {
            return Err(missing());
        }
        let sent: i64 = timestamp.parse().map_err(|_| missing())?;
        let age_ms = now.timestamp_millis() - sent * 1000;
        if age_ms > TOLERANCE_SECONDS * 1000 {
            return Err(refuse(
                "WEBHOOK_TOO_OLD",
                "The delivery is older than five minutes.",
            ));
        }
        if age_ms < -TOLERANCE_SECONDS * 1000 {
            return Err(refuse(
                "WEBHOOK_TOO_NEW",
                "The time of the delivery is in the future.",
            ));
        }
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let given = signatures
            .split(' ')
            .filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok());
        let keys = self.secrets.iter().filter_map(key_of);
        if !is_signed(keys, &given.collect::<Vec<_>>(), &signed) {
            return Err(refuse(
                "WEBHOOK_WRONG_SIGNATURE",
                "No signature is of any of the secrets.",
            ));
        }
        event_of(body)
    }

    /// The event of a delivery by `X-SentryAgent-Signature` alone, for receivers that have only this header. It signs no time, so
    /// **it cannot stop a replay**: keep the ids of events that were handled.
    ///
    /// # Errors
    /// As [`Webhook::verify`].
    pub fn verify_legacy<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: &[u8],
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<WebhookEvent> {
        let [present, previous] = found(
            headers,
            [
                "x-sentryagent-signature",
                "x-sentryagent-signature-previous",
            ],
        );
        if present.is_empty() {
            return Err(refuse(
                "WEBHOOK_MISSING_HEADER",
                "A header of the signature is missing or malformed.",
            ));
        }
        let both = format!("{present},{previous}");
        let given = both
            .split(',')
            .filter_map(|one| from_hex(one.trim().strip_prefix("sha256=")?));
        // The key is the secret as a text, prefix included.
        let keys = self
            .secrets
            .iter()
            .map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes()));
        if !is_signed(keys, &given.collect::<Vec<_>>(), body) {
            return Err(refuse(
                "WEBHOOK_WRONG_SIGNATURE",
                "No signature is of any of the secrets.",
            ));
        }
        event_of(body)
    }
}

/// The values of headers, empty for one that is not there.
fn found<N: AsRef<str>, V: AsRef<[u8]>, const COUNT: usize>(
    headers: impl IntoIterator<Item = (N, V)>,
    names: [&str; COUNT],
) -> [String; COUNT] {
    let mut values = [const { String::new() }; COUNT];
    for (name, value) in headers {
        for (value_of, wanted) in values.iter_mut().zip(names) {
            if name.as_ref().eq_ignore_ascii_case(wanted) {
                *value_of = String::from_utf8_lossy(value.as_ref()).into_owned();
            }
        }
    }
    values
}

fn key_of(secret: &Secret) -> Option<hmac::Key> {
    let bytes = BASE64_STANDARD
        .decode(secret.expose().strip_prefix("whsec_")?)
        .ok()?;
    (!bytes.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// None for what is not 32 bytes in lower case.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_hex.then(|| {
        (0..64)
            .step_by(2)
            .filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
            .collect()
    })
}

/// Tries every key with every signature, each in constant time.
fn is_signed(keys: impl Iterator<Item = hmac::Key>, given: &[Vec<u8>], signed: &[u8]) -> bool {
    let mut is_found = false;
    for key in keys {
        for signature in given {
            is_found |= hmac::verify(&key, signed, signature).is_ok();
        }
    }
    is_found
}

fn event_of(body: &[u8]) -> Result<WebhookEvent> {
    #[derive(Deserialize)]
    struct Payload {
        id: String,
        event: String,
        #[serde(with = "crate::instant")]
        timestamp: DateTime<Utc>,
        organization_id: String,
        data: Value,
    }
    let refuse = || {
        AgentIdPError::of(
            ErrorKind::Serde,
            "UNREADABLE_EVENT",
            "The delivery is no event that the API's document has.",
        )
    };
    let Payload {
        id,
        event,
        timestamp,
        organization_id,
        data,
    } = serde_json::from_slice(body).map_err(|_| refuse())?;
    let data = WebhookData::read(&event, data).map_err(|_| refuse())?;
    Ok(WebhookEvent {
        id,
        event: event.into(),
        timestamp,
        organization_id,
        data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"1","event":"later.event","timestamp":"2026-11-21T14:06:42.000Z","organization_id":"2","data":{"a":1}}"#;
    // HMAC-SHA256 by another implementation, with the secret as a text for its key.
    const SIGNATURE: &str =
        "sha256=99b697149e70ab94f1249ec688701b0a7fb63d64f23812579261a3b065228f54";

    #[test]
    fn the_older_header_signs_the_body_alone() {
        let webhook = Webhook::new(["whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="]).unwrap();
        let event = webhook
            .verify_legacy(BODY, [("X-SentryAgent-Signature", SIGNATURE)])
            .unwrap();
        assert_eq!(
            event.event,
            WebhookEventType::Unrecognized("later.event".to_owned())
        );
        assert_eq!(
            event.data,
            WebhookData::Unknown(serde_json::json!({ "a": 1 }))
        );
        let previous = [
            ("x-sentryagent-signature", "sha256=00"),
            ("x-sentryagent-signature-previous", SIGNATURE),
        ];
        assert!(webhook.verify_legacy(BODY, previous).is_ok());
        let refused = webhook
            .verify_legacy(b"{}", [("x-sentryagent-signature", SIGNATURE)])
            .unwrap_err();
        assert_eq!(refused.code(), "WEBHOOK_WRONG_SIGNATURE");
    }

    #[test]
    fn what_is_no_signing_secret_is_refused() {
        for secret in ["", "whsec_", "whsec_?", "sa_sec_AAEC"] {
            assert!(
                matches!(Webhook::new([secret]), Err(AgentIdPError::Config(_))),
                "{secret}"
            );
        }
        assert!(Webhook::new([] as [&str; 0]).is_err());
    }
}
