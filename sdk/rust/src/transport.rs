//! Sends a call: attempts, waits, deadline, hooks, and what becomes an error. It knows nothing of tokens.
mod exchange;

use crate::clock::Clock;
use crate::error::{AgentIdPError, Result};
use crate::refusal::{can_come_from_clock, refusal, unreadable, Asked};
use crate::retry::{backoff, retry_after_seconds, Failure, RetryClass, LONGEST_WAIT};
use crate::secret::Secret;
use crate::sent_secrets::SentSecrets;
use crate::settings::{user_agent, CallOptions, Settings};
use chrono::{DateTime, TimeDelta, Utc};
use exchange::{no_answer, NoReply};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// What an attempt carries. It is made anew for each one, because a proof or an assertion is good for one request only.
pub(crate) struct Outgoing {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<String>,
    /// Those of the body.
    pub(crate) secrets: Vec<Secret>,
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
    /// Of the request: an answer can repeat them.
    pub(crate) secrets: SentSecrets,
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
        let timeout = options.timeout.unwrap_or(self.settings.timeout);
        // `Duration::MAX` is no limit.
        let deadline = clock.monotonic().saturating_add(timeout);
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
}
