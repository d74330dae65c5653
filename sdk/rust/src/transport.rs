//! Sends a call: attempts, waits, deadline, hooks, and what becomes an error. It knows nothing of tokens.
use crate::clock::Clock;
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind, Result};
use crate::refusal::{can_come_from_clock, refusal, unreadable, Asked};
use crate::retry::{backoff, retry_after_seconds, Failure, RetryClass, LONGEST_WAIT};
use crate::settings::{user_agent, CallOptions, RequestEvent, ResponseEvent, Settings};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
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

/// What an attempt carries. It is made anew for each one, because a proof or an assertion is good for one request only.
pub(crate) struct Outgoing {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<String>,
}

/// Makes the attempts of a call.
pub(crate) trait Preparing: Send {
    fn outgoing(&mut self) -> impl Future<Output = Result<Outgoing>> + Send;
    /// Whether the request is to be sent again at once, with other headers: a new token, a nonce.
    fn is_renewed(&mut self, reply: &Reply) -> bool;
}

pub(crate) struct Sending<'a> {
    pub(crate) call: &'a str,
    pub(crate) method: &'a str,
    /// The path with the names of its parameters.
    pub(crate) route: &'a str,
    pub(crate) url: String,
    pub(crate) retry: RetryClass,
    pub(crate) asked: Asked,
    /// The request has something that is signed with a time in it: an assertion or a proof.
    pub(crate) is_timed: bool,
    /// The body of a success is not read here.
    pub(crate) streams: bool,
    pub(crate) accepts: &'static str,
    pub(crate) answering_statuses: &'static [u16],
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Empty for a streamed answer.
    pub(crate) text: String,
    pub(crate) stream: Option<reqwest::Response>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(crate) struct Sent {
    pub(crate) reply: Reply,
    pub(crate) attempts: u32,
    /// Whether an attempt before the last may have been done, although there was no answer.
    pub(crate) is_uncertain: bool,
}

/// Why there is no answer.
enum NoReply {
    Failed(Failure, Option<reqwest::Error>),
    TooLong,
    Refused(AgentIdPError),
}

pub(crate) struct Transport {
    pub(crate) settings: Settings,
    http: reqwest::Client,
    user_agent: String,
    /// How far the clock of the service is ahead of the machine's, as its refusals show.
    offset_ms: AtomicI64,
}

/// A clock that differs less is no reason of a refusal: the service accepts about 60 seconds.
const NOTICEABLE_MS: i64 = 30_000;

fn is_in_progress(reply: &Reply) -> bool {
    // The answer to a repetition with the same `Idempotency-Key`, while the first request is not done.
    reply.status == 409 && reply.text.contains("\"IDEMPOTENCY_IN_PROGRESS\"")
}

fn no_answer(failure: Failure, cause: Option<reqwest::Error>, attempts: u32) -> AgentIdPError {
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
    pub(crate) fn new(settings: Settings) -> Result<Self> {
        let http = match &settings.http_client {
            Some(client) => client.clone(),
            None => reqwest::Client::builder()
                // A redirect could carry the token to another host.
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(Duration::from_secs(10))
                .build()
                .map_err(|_| {
                    AgentIdPError::config(
                        "The HTTP client cannot be made: TLS has no certificates.",
                    )
                })?,
        };
        let user_agent = user_agent(settings.app_info.as_ref());
        Ok(Self {
            settings,
            http,
            user_agent,
            offset_ms: AtomicI64::new(0),
        })
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.settings.clock
    }

    /// The time of the service: that of the machine, corrected after a refusal that can come from a wrong clock.
    pub(crate) fn service_now(&self) -> DateTime<Utc> {
        self.clock().now() + TimeDelta::milliseconds(self.offset_ms.load(Ordering::Relaxed))
    }

    /// Takes the time of a refusal. Whether it differs so much that the clock can be the reason.
    fn is_of_wrong_time(&self, reply: &Reply) -> bool {
        let Some(date) = reply
            .header("date")
            .and_then(|text| DateTime::parse_from_rfc2822(text).ok())
        else {
            return false;
        };
        if !can_come_from_clock(reply)
            || (date.with_timezone(&Utc) - self.service_now())
                .num_milliseconds()
                .abs()
                < NOTICEABLE_MS
        {
            return false;
        }
        let offset = date.with_timezone(&Utc) - self.clock().now();
        self.offset_ms
            .store(offset.num_milliseconds(), Ordering::Relaxed);
        true
    }

    /// Sends until there is an answer that is no failure to be repeated. Refusals are answers; `refusal` makes errors of them.
    pub(crate) async fn send(
        &self,
        sending: &Sending<'_>,
        options: &CallOptions,
        preparing: &mut impl Preparing,
    ) -> Result<Sent> {
        let clock = self.clock();
        let deadline = clock.monotonic() + options.timeout.unwrap_or(self.settings.timeout);
        let max_retries = options.max_retries.unwrap_or(self.settings.max_retries);
        let mut retries = 0;
        let mut is_uncertain = false;
        let mut is_renewed = false;
        let mut is_corrected = false;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (failure, failed, asked) = match self
                .once(sending, options, preparing, attempts, retries, deadline)
                .await
            {
                Ok(reply) => {
                    if !is_corrected && sending.is_timed && self.is_of_wrong_time(&reply) {
                        is_corrected = true;
                        continue;
                    }
                    if !is_renewed && preparing.is_renewed(&reply) {
                        is_renewed = true;
                        continue;
                    }
                    // The first attempt still runs: this one has done nothing.
                    let failure = Failure::Status(if is_in_progress(&reply) {
                        429
                    } else {
                        reply.status
                    });
                    let is_answer =
                        reply.status < 400 || sending.answering_statuses.contains(&reply.status);
                    if is_answer || !failure.may_repeat(sending.retry) {
                        return Ok(Sent {
                            reply,
                            attempts,
                            is_uncertain,
                        });
                    }
                    let now = clock.now();
                    let asked = retry_after_seconds(&reply.headers, now);
                    (
                        failure,
                        refusal(&reply, sending.asked, attempts, now),
                        asked.map(Duration::from_secs),
                    )
                }
                Err(NoReply::Failed(failure, cause)) => {
                    (failure, no_answer(failure, cause, attempts), None)
                }
                Err(NoReply::TooLong) => {
                    return Err(unreadable(None, "it is longer than 16 MiB", attempts))
                }
                Err(NoReply::Refused(error)) => return Err(error),
            };
            if retries >= max_retries
                || !failure.may_repeat(sending.retry)
                || asked.is_some_and(|wait| wait > LONGEST_WAIT)
            {
                return Err(failed);
            }
            let wait = asked.unwrap_or_else(|| backoff(retries + 1, clock.random()));
            if clock.monotonic() + wait >= deadline {
                return Err(failed);
            }
            is_uncertain |= failure.is_uncertain();
            retries += 1;
            clock.sleep(wait).await;
        }
    }

    async fn once(
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
            hook(&event);
        }
        let started = clock.monotonic();
        let timeout = self.settings.attempt_timeout.min(left());
        let result = tokio::time::timeout(timeout, self.exchanged(sending, headers, outgoing.body))
            .await
            .unwrap_or(Err(NoReply::Failed(Failure::Timeout, None)));
        if let Some(hook) = &self.settings.on_response {
            let reply = result.as_ref().ok();
            hook(&ResponseEvent {
                request: event,
                status: reply.map(|reply| reply.status),
                duration: clock.monotonic().saturating_sub(started),
                request_id: reply
                    .and_then(|reply| reply.header("x-request-id"))
                    .map(str::to_owned),
            });
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
            });
        }
        Ok(Reply {
            status,
            headers,
            text: bounded_text(response).await?,
            stream: None,
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
