//! One attempt: a request, its hooks, and its answer, or why there is none.
use super::{Outgoing, Preparing, Reply, Sending, Transport};
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind, Result};
use crate::guarded::hooked;
use crate::retry::Failure;
use crate::sent_secrets::SentSecrets;
use crate::settings::{CallOptions, RequestEvent, ResponseEvent};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;

/// Answers over this are refused, downloads excepted.
const LONGEST_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The headers that the library sets itself. A caller's `Authorization` could send a secret of another service here.
const RESERVED: [&str; 5] = [
    "authorization",
    "dpop",
    "host",
    "content-length",
    "idempotency-key",
];

/// Why there is no answer.
pub(super) enum NoReply {
    Failed(Failure, Option<reqwest::Error>),
    TooLong,
    Refused(AgentIdPError),
}

pub(super) fn no_answer(
    failure: Failure,
    cause: Option<reqwest::Error>,
    attempts: u32,
) -> AgentIdPError {
    let (code, message) = match failure {
        Failure::Connect => (
            "CONNECTION_FAILED",
            "No connection to the service could be made.",
        ),
        Failure::Timeout => ("TIMEOUT", "The service did not answer in time."),
        _ => (
            "CONNECTION_BROKEN",
            "The connection broke before the whole answer was there.",
        ),
    };
    let facts = ErrorFacts {
        code: code.to_owned(),
        message: message.to_owned(),
        attempts,
        cause: cause.map(|cause| Arc::new(cause.without_url()) as _),
        ..ErrorFacts::default()
    };
    AgentIdPError::new(ErrorKind::Http, facts)
}

fn failure_of(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        Failure::Connect
    } else if error.is_timeout() {
        Failure::Timeout
    } else {
        Failure::Broken
    }
}

async fn bounded_text(mut response: reqwest::Response) -> Result<String, NoReply> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| NoReply::Failed(failure_of(&error), Some(error)))?
    {
        if bytes.len() + chunk.len() > LONGEST_ANSWER_BYTES {
            return Err(NoReply::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

impl Transport {
    pub(super) async fn once(
        &self,
        sending: &Sending<'_>,
        options: &CallOptions,
        preparing: &mut impl Preparing,
        attempts: u32,
        retries: u32,
        deadline: Duration,
    ) -> Result<Reply, NoReply> {
        let clock = self.clock();
        let left = || {
            deadline
                .saturating_sub(clock.monotonic())
                .max(Duration::from_millis(1))
        };
        // The deadline of the call bounds the wait for a token, too.
        let outgoing = tokio::time::timeout(left(), preparing.outgoing())
            .await
            .map_err(|_| NoReply::Failed(Failure::Timeout, None))?
            .map_err(NoReply::Refused)?;
        let headers = self
            .headers(sending, options, &outgoing, retries)
            .map_err(NoReply::Refused)?;
        let event = RequestEvent {
            call: sending.call.to_owned(),
            method: sending.method.to_owned(),
            route: sending.route.to_owned(),
            attempt: attempts,
        };
        if let Some(hook) = &self.settings.on_request {
            hooked(|| hook(&event));
        }
        let secrets = SentSecrets::of(&outgoing.secrets, &outgoing.headers);
        let started = clock.monotonic();
        let timeout = self.settings.attempt_timeout.min(left());
        let result = tokio::time::timeout(timeout, self.exchanged(sending, headers, outgoing.body))
            .await
            .unwrap_or(Err(NoReply::Failed(Failure::Timeout, None)))
            .map(|reply| Reply { secrets, ..reply });
        if let Some(hook) = &self.settings.on_response {
            let reply = result.as_ref().ok();
            let event = ResponseEvent {
                request: event,
                status: reply.map(|reply| reply.status),
                duration: clock.monotonic().saturating_sub(started),
                request_id: reply
                    .and_then(|reply| reply.header("x-request-id"))
                    .map(str::to_owned),
            };
            hooked(|| hook(&event));
        }
        result
    }

    async fn exchanged(
        &self,
        sending: &Sending<'_>,
        headers: HeaderMap,
        body: Option<String>,
    ) -> Result<Reply, NoReply> {
        let method = reqwest::Method::from_bytes(sending.method.as_bytes())
            .map_err(|_| NoReply::Refused(AgentIdPError::config("The method is none of HTTP.")))?;
        let mut request = self.http.request(method, &sending.url).headers(headers);
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| NoReply::Failed(failure_of(&error), Some(error)))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if sending.streams && response.status().is_success() {
            return Ok(Reply {
                status,
                headers,
                text: String::new(),
                stream: Some(response),
                secrets: SentSecrets::default(),
            });
        }
        Ok(Reply {
            status,
            headers,
            text: bounded_text(response).await?,
            stream: None,
            secrets: SentSecrets::default(),
        })
    }

    fn headers(
        &self,
        sending: &Sending<'_>,
        options: &CallOptions,
        outgoing: &Outgoing,
        retries: u32,
    ) -> Result<HeaderMap> {
        let refuse = || AgentIdPError::config("A header has a character that headers cannot have.");
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static(sending.accepts));
        headers.insert(
            "user-agent",
            HeaderValue::from_str(&self.user_agent).map_err(|_| refuse())?,
        );
        for (name, value) in &options.headers {
            if RESERVED
                .iter()
                .any(|reserved| name.eq_ignore_ascii_case(reserved))
            {
                continue;
            }
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?;
            headers.insert(name, HeaderValue::from_str(value).map_err(|_| refuse())?);
        }
        for (name, value) in &outgoing.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| refuse())?;
            value.set_sensitive(matches!(*name, "authorization" | "dpop"));
            headers.insert(*name, value);
        }
        if retries > 0 {
            headers.insert("x-retry-count", HeaderValue::from(retries));
        }
        Ok(headers)
    }
}
