//! What a method gives back: a call that is sent when it is awaited.
use crate::clock::BoxFuture;
use crate::error::Result;
use crate::operation::Input;
use crate::settings::CallOptions;
use crate::transport::{Reply, Sent};
use serde::Serialize;
use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

/// The requests that the organization may send at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// All of them.
    pub limit: u64,
    /// Of them, left.
    pub remaining: u64,
    /// Seconds until all are left again; while none is left, until the next one is accepted.
    pub reset_seconds: u64,
}

impl RateLimit {
    /// `RateLimit` and its policy (draft-ietf-httpapi-ratelimit-headers-10); the first limit, where there are several.
    fn of(reply: &Reply) -> Option<Self> {
        let members = |name: &str| Some(reply.header(name)?.split(',').map(str::trim));
        let name_of = |member: &str| member.split(';').next().map(str::to_owned);
        let number = |member: &str, key: &str| {
            let part = |part: &str| part.trim().strip_prefix(key)?.parse().ok();
            member.split(';').find_map(part)
        };
        let state = members("ratelimit")?.next()?;
        let policy =
            members("ratelimit-policy")?.find(|policy| name_of(policy) == name_of(state))?;
        Some(Self {
            limit: number(policy, "q=")?,
            remaining: number(state, "r=")?,
            reset_seconds: number(state, "t=")?,
        })
    }
}

/// A value with the answer that brought it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answered<T> {
    /// The value.
    pub value: T,
    /// The status of HTTP.
    pub status: u16,
    /// The headers, by names in lower case.
    pub headers: Vec<(String, String)>,
    /// Names the request to the operator of the service.
    pub request_id: Option<String>,
    /// What is left of the limit; `None` where the service names none.
    pub rate_limit: Option<RateLimit>,
    /// How many requests were sent.
    pub attempts: u32,
}

impl<T> Answered<T> {
    pub(crate) fn new(value: T, sent: &Sent) -> Self {
        let reply = &sent.reply;
        let text =
            |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            };
        Self {
            value,
            status: reply.status,
            headers: reply.headers.iter().filter_map(text).collect(),
            request_id: reply.header("x-request-id").map(str::to_owned),
            rate_limit: RateLimit::of(reply),
            attempts: sent.attempts,
        }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Answered<U> {
        let Self {
            value,
            status,
            headers,
            request_id,
            rate_limit,
            attempts,
        } = self;
        Answered {
            value: change(value),
            status,
            headers,
            request_id,
            rate_limit,
            attempts,
        }
    }
}

/// A record with the tag of its version, for [`Call::if_match`]. It derefs to the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tagged<T> {
    /// The record.
    #[serde(flatten)]
    pub value: T,
    /// The `ETag` of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl<T> Deref for Tagged<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

pub(crate) type Run<T> =
    Box<dyn FnOnce(Input, CallOptions) -> BoxFuture<'static, Result<Answered<T>>> + Send>;

/// A call that is sent when it is awaited. Dropping its future cancels it. `Arguments` are the optional ones of the operation.
///
/// ```no_run
/// # async fn example(client: sentryagent_idp::AgentIdPClient) -> Result<(), sentryagent_idp::AgentIdPError> {
/// use std::time::Duration;
///
/// let agent = client.agents().get("an-agent-id").timeout(Duration::from_secs(5)).await?;
/// println!("{} {:?}", agent.email, agent.etag);
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is sent when it is awaited"]
pub struct Call<T, Arguments = ()> {
    run: Run<T>,
    input: Input,
    options: CallOptions,
    arguments: PhantomData<fn(Arguments)>,
}

impl<T, Arguments> fmt::Debug for Call<T, Arguments> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Call").finish_non_exhaustive()
    }
}

impl<T: Send + 'static, Arguments> Call<T, Arguments> {
    pub(crate) fn new(input: Input, run: Run<T>) -> Self {
        Self {
            run,
            input,
            options: CallOptions::default(),
            arguments: PhantomData,
        }
    }

    pub(crate) fn with_input(mut self, change: impl FnOnce(Input) -> Input) -> Self {
        self.input = change(self.input);
        self
    }

    /// The whole call with its waits; 60 seconds unless the client says otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// How often a request is sent again; 2 unless the client says otherwise.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.options.max_retries = Some(retries);
        self
    }

    /// For calls that create something: the same key makes it once. The library makes one of its own for each call.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }

    /// One more header. `Authorization` is always the library's.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.headers.push((name.into(), value.into()));
        self
    }

    /// For changes of a record that has an `etag`: a change by another caller since it was read is an error with
    /// [`is_conflict`](crate::AgentIdPError::is_conflict).
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.options.if_match = Some(etag.into());
        self
    }

    /// The value with status, headers, request id, rate limit and the number of attempts.
    ///
    /// # Errors
    /// As the call.
    pub async fn with_response(self) -> Result<Answered<T>> {
        if let Some(error) = self.input.error {
            return Err(error);
        }
        (self.run)(self.input, self.options).await
    }

    /// Sends the call and waits, for programs without a runtime. It must not be called in a task.
    ///
    /// # Errors
    /// As the call.
    #[cfg(feature = "blocking")]
    pub fn blocking(self) -> Result<T> {
        crate::blocking::run(async { Ok(self.with_response().await?.value) })
    }
}

impl<T: Send + 'static, Arguments: 'static> IntoFuture for Call<T, Arguments> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.with_response().await?.value) })
    }
}
