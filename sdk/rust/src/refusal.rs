//! Answers that are no success, as errors.
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind};
use crate::retry::retry_after_seconds;
use crate::secret::redacted_text;
use crate::transport::Reply;
use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// What was called: it decides the kind of some refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Api,
    Token,
    Delegation,
}

fn kind_of(status: u16, asked: Asked, code: Option<&str>) -> ErrorKind {
    // A limit of the tier is no refusal of the credentials, and no fault of the delegation.
    let is_limit = code == Some("FREE_TIER_LIMIT_EXCEEDED");
    let is_refused = matches!(status, 400 | 403);
    match status {
        429 => ErrorKind::RateLimited,
        500.. => ErrorKind::Api,
        _ if is_limit => ErrorKind::Api,
        _ if asked == Asked::Delegation && is_refused => ErrorKind::Delegation,
        401 => ErrorKind::Auth,
        _ if asked == Asked::Token && is_refused => ErrorKind::Auth,
        404 | 410 => ErrorKind::NotFound,
        _ => ErrorKind::Api,
    }
}

/// The `error` of `WWW-Authenticate` (RFC 6750 3.1, RFC 9449 7.1).
pub(crate) fn challenge_error(headers: &HeaderMap) -> Option<String> {
    let challenge = headers.get("www-authenticate")?.to_str().ok()?;
    let (before, rest) = challenge.split_once("error=\"")?;
    if before.ends_with(|char: char| char.is_alphanumeric() || char == '_') {
        return None;
    }
    rest.split_once('"').map(|(error, _)| error.to_owned())
}

/// Whether a wrong clock of this machine can be the reason of a refusal: of something that is signed with a time in it.
pub(crate) fn can_come_from_clock(reply: &Reply) -> bool {
    let is_timed = |error: &str| matches!(error, "invalid_client" | "invalid_dpop_proof");
    let problem: Value = serde_json::from_str(&reply.text).unwrap_or_default();
    matches!(reply.status, 400 | 401)
        && (challenge_error(&reply.headers).is_some_and(|error| is_timed(&error))
            || problem
                .get("error")
                .and_then(Value::as_str)
                .is_some_and(is_timed))
}

/// The error that an answer stands for. A body that is not JSON (a proxy's page, nothing at all) still gives status and kind.
pub(crate) fn refusal(
    reply: &Reply,
    asked: Asked,
    attempts: u32,
    now: DateTime<Utc>,
) -> AgentIdPError {
    let status = reply.status;
    let problem: Value = serde_json::from_str(&reply.text).unwrap_or(Value::Null);
    let shown = |text: &str| reply.secrets.redacted(text);
    let text = |name: &str| problem.get(name).and_then(Value::as_str).map(shown);
    let is_redirect = (300..400).contains(&status);
    let message = text("message")
        .or_else(|| text("error_description"))
        .unwrap_or_else(|| {
            if is_redirect {
                "The service answered with a redirect, which is not followed.".to_owned()
            } else {
                format!("The service answered {status}.")
            }
        });
    let code = text("code");
    let kind = kind_of(status, asked, code.as_deref());
    let details = problem.get("details").filter(|details| details.is_object());
    let facts = ErrorFacts {
        code: code.unwrap_or_else(|| {
            if is_redirect {
                "REDIRECT".to_owned()
            } else {
                format!("HTTP_{status}")
            }
        }),
        message,
        http_status: Some(status),
        details: details
            .and_then(|details| serde_json::from_str(&shown(&details.to_string())).ok()),
        hint: text("hint"),
        docs: text("docs"),
        request_id: reply
            .header("x-request-id")
            .map(str::to_owned)
            .or_else(|| text("requestId")),
        retry_after: retry_after_seconds(&reply.headers, now),
        oauth_error: text("error")
            .or_else(|| challenge_error(&reply.headers).map(|error| shown(&error))),
        attempts,
        cause: None,
    };
    AgentIdPError::new(kind, facts)
}

/// An answer that is not what the document says. The details have its beginning.
pub(crate) fn unreadable(reply: Option<&Reply>, why: &str, attempts: u32) -> AgentIdPError {
    let body = reply.map(|reply| {
        // Before it is cut: a part of a secret is no form of it.
        let text = reply.secrets.without(&reply.text);
        let beginning: String = text.chars().take(2048).collect();
        let shown: String = redacted_text(&beginning).chars().take(512).collect();
        serde_json::json!({ "body": shown })
    });
    let facts = ErrorFacts {
        code: "UNREADABLE_ANSWER".to_owned(),
        message: format!("The answer is not what the API's document says: {why}."),
        http_status: Some(reply.map_or(200, |reply| reply.status)),
        details: body,
        request_id: reply
            .and_then(|reply| reply.header("x-request-id"))
            .map(str::to_owned),
        attempts,
        ..ErrorFacts::default()
    };
    AgentIdPError::new(ErrorKind::Serde, facts)
}
