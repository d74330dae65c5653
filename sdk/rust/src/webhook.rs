//! Verifies webhooks (<https://www.standardwebhooks.com>).
mod signature;
#[cfg(test)]
mod tests;

use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::generated::models::{WebhookData, WebhookEventType};
use crate::model::Extra;
use crate::secret::Secret;
use base64::Engine as _;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use signature::{from_hex, header_values, is_signed, keys_of, Keys, BASE64};
use std::fmt;

/// Clocks may differ by this, either way. Older deliveries are repetitions of an attacker.
const TOLERANCE_SECONDS: i64 = 300;

/// An event. The same event can be delivered more than once; `id` is the same in each delivery of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WebhookEvent {
    /// The id of the event.
    pub id: String,
    /// Its name, such as `agent.suspended`.
    pub event: WebhookEventType,
    /// When it happened.
    #[serde(with = "crate::instant")]
    pub timestamp: DateTime<Utc>,
    /// The organization in which it happened.
    pub organization_id: String,
    /// The record that it is about. An event that this version does not know has it as it came.
    pub data: WebhookData,
    /// Members that this version does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event: String,
    #[serde(with = "crate::instant")]
    timestamp: DateTime<Utc>,
    organization_id: String,
    data: Value,
    #[serde(flatten)]
    extra: Extra,
}

/// Verifies deliveries with the `signingSecret` of a subscription, or with several while it is rotated.
///
/// ```
/// use sentryagent_idp::models::WebhookData;
/// use sentryagent_idp::Webhook;
///
/// fn receive(webhook: &Webhook, headers: &reqwest::header::HeaderMap, body: &[u8]) -> Result<(), sentryagent_idp::AgentIdPError> {
///     let event = webhook.verify(body, headers)?;
///     if let WebhookData::Agent(agent) = event.data {
///         println!("{}: {}", event.event, agent.agent_id);
///     }
///     Ok(())
/// }
///
/// let webhook = Webhook::new(["whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="])?;
/// # let no_headers = reqwest::header::HeaderMap::new();
/// # assert_eq!(receive(&webhook, &no_headers, b"{}").unwrap_err().code(), "WEBHOOK_MISSING_HEADER");
/// # Ok::<(), sentryagent_idp::AgentIdPError>(())
/// ```
///
/// The body is the bytes as they were received. A body that was parsed and written again can have another signature, so it
/// does not compile:
///
/// ```compile_fail
/// # let webhook = sentryagent_idp::Webhook::new(["whsec_ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="]).unwrap();
/// # let headers = reqwest::header::HeaderMap::new();
/// webhook.verify(serde_json::json!({ "id": "1" }), &headers);
/// ```
#[derive(Clone)]
pub struct Webhook(Vec<Keys>);

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Webhook([redacted])")
    }
}

fn refuse(code: &str, message: &str) -> AgentIdPError {
    AgentIdPError::of(ErrorKind::Auth, code, message)
}

fn missing_header() -> AgentIdPError {
    refuse(
        "WEBHOOK_MISSING_HEADER",
        "A header of the signature is missing or malformed.",
    )
}

fn event_of(body: &[u8]) -> Result<WebhookEvent> {
    let refuse = |why: &str| {
        AgentIdPError::of(
            ErrorKind::Serde,
            "UNREADABLE_EVENT",
            format!("The delivery is no event: {why}."),
        )
    };
    let envelope: Envelope =
        serde_json::from_slice(body).map_err(|_| refuse("it is not the JSON of one"))?;
    let Envelope {
        id,
        event,
        timestamp,
        organization_id,
        data,
        extra,
    } = envelope;
    let data = WebhookData::read(&event, data)
        .map_err(|_| refuse("its data is not what the event has"))?;
    Ok(WebhookEvent {
        id,
        event: event.into(),
        timestamp,
        organization_id,
        data,
        extra,
    })
}

impl Webhook {
    /// With the secret of a subscription, or with several while it is rotated: a signature of any of them will do.
    ///
    /// # Errors
    /// `Config` for no secret, or one that is no `signingSecret`.
    pub fn new<S: Into<Secret>>(secrets: impl IntoIterator<Item = S>) -> Result<Self> {
        let keys: Option<Vec<Keys>> = secrets
            .into_iter()
            .map(|secret| keys_of(&secret.into()))
            .collect();
        keys.filter(|keys| !keys.is_empty())
            .map(Self)
            .ok_or_else(|| {
                AgentIdPError::config(
                    "A signing secret begins with `whsec_` and goes on in base64.",
                )
            })
    }

    /// The event of a delivery. Names of headers are in any case: a `&HeaderMap` of the crate `http`, a `&HashMap` and any list
    /// of pairs will do.
    ///
    /// # Errors
    /// `Auth` with `WEBHOOK_MISSING_HEADER`, `WEBHOOK_TOO_OLD`, `WEBHOOK_TOO_NEW` or `WEBHOOK_WRONG_SIGNATURE`; `Serde` for a
    /// signed body that is no event.
    pub fn verify<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: impl AsRef<[u8]>,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<WebhookEvent> {
        self.verify_at(body, headers, Utc::now())
    }

    /// [`Webhook::verify`] at a time other than now, for tests.
    ///
    /// # Errors
    /// As [`Webhook::verify`].
    pub fn verify_at<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: impl AsRef<[u8]>,
        headers: impl IntoIterator<Item = (N, V)>,
        now: DateTime<Utc>,
    ) -> Result<WebhookEvent> {
        let body = body.as_ref();
        let [id, timestamp, signatures] = header_values(
            headers,
            ["webhook-id", "webhook-timestamp", "webhook-signature"],
        );
        let is_time = (1..=12).contains(&timestamp.len())
            && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        if id.is_empty() || signatures.is_empty() || !is_time {
            return Err(missing_header());
        }
        let seconds: i64 = timestamp.parse().map_err(|_| missing_header())?;
        let age_ms = now.timestamp_millis() - seconds * 1000;
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
        let given: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|one| BASE64.decode(one.strip_prefix("v1,")?).ok())
            .collect();
        let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
        self.signed_event(
            is_signed(self.0.iter().map(|keys| &keys.standard), &given, &signed),
            body,
        )
    }

    /// The event of a delivery by `X-SentryAgent-Signature` alone, for receivers that have only this header. It signs no time,
    /// so **it cannot stop a replay**: keep the ids of events that were handled.
    ///
    /// # Errors
    /// As [`Webhook::verify`].
    pub fn verify_legacy<N: AsRef<str>, V: AsRef<[u8]>>(
        &self,
        body: impl AsRef<[u8]>,
        headers: impl IntoIterator<Item = (N, V)>,
    ) -> Result<WebhookEvent> {
        let body = body.as_ref();
        let names = [
            "x-sentryagent-signature",
            "x-sentryagent-signature-previous",
        ];
        let [present, previous] = header_values(headers, names);
        if present.is_empty() {
            return Err(missing_header());
        }
        let texts = present.split(',').chain(previous.split(','));
        let given: Vec<Vec<u8>> = texts
            .filter_map(|one| from_hex(one.trim().strip_prefix("sha256=")?))
            .collect();
        self.signed_event(
            is_signed(self.0.iter().map(|keys| &keys.legacy), &given, body),
            body,
        )
    }

    fn signed_event(&self, is_signed: bool, body: &[u8]) -> Result<WebhookEvent> {
        if is_signed {
            event_of(body)
        } else {
            Err(refuse(
                "WEBHOOK_WRONG_SIGNATURE",
                "No signature is of any of the secrets.",
            ))
        }
    }
}
