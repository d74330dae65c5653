//! The one error type of the library.
use serde_json::Value;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The result of every call.
pub type Result<T, E = AgentIdPError> = std::result::Result<T, E>;

/// A failed call. The variant says what kind of failure it is; [`AgentIdPError::facts`] has the rest, whatever the kind.
///
/// ```
/// use sentryagent_idp::{AgentIdPClient, AgentIdPError, models::Agent};
///
/// async fn find(client: &AgentIdPClient, id: &str) -> Result<Option<Agent>, AgentIdPError> {
///     match client.agents().get(id).await {
///         Ok(agent) => Ok(Some(agent.value)),
///         Err(AgentIdPError::NotFound(_)) => Ok(None),
///         Err(error) => Err(error),
///     }
/// }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
pub enum AgentIdPError {
    /// There was no answer: no connection, time-out, TLS, cancelled.
    #[error("{0}")]
    Http(Box<ErrorFacts>),
    /// 401, and refusals of the token endpoint.
    #[error("{0}")]
    Auth(Box<ErrorFacts>),
    /// 404 and 410.
    #[error("{0}")]
    NotFound(Box<ErrorFacts>),
    /// 429.
    #[error("{facts}")]
    RateLimited {
        /// When to come again, in seconds, if the service says so.
        retry_after_secs: Option<u64>,
        /// The rest.
        facts: Box<ErrorFacts>,
    },
    /// A delegation is not valid, or may not be made.
    #[error("{0}")]
    Delegation(Box<ErrorFacts>),
    /// Before anything was sent.
    #[error("{0}")]
    Config(Box<ErrorFacts>),
    /// An answer that is not what the API's document says.
    #[error("{0}")]
    Serde(Box<ErrorFacts>),
    /// Every other refusal.
    #[error("{0}")]
    Api(Box<ErrorFacts>),
}

/// The kind of an [`AgentIdPError`], without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ErrorKind {
    Http,
    Auth,
    NotFound,
    RateLimited,
    Delegation,
    Config,
    Serde,
    Api,
}

/// What is known of a failure. It holds no secret.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ErrorFacts {
    /// One of [`codes`](crate::codes) for answers of the API; a newer service can have others. Otherwise a code of this library.
    pub code: String,
    /// What happened, in a sentence.
    pub message: String,
    /// The status of the answer.
    pub http_status: Option<u16>,
    /// More facts, by the code.
    pub details: Option<Value>,
    /// What to do.
    pub hint: Option<String>,
    /// A page about the code.
    pub docs: Option<String>,
    /// Names the request to the operator of the service.
    pub request_id: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// `error` of OAuth (RFC 6749 5.2, RFC 6750 3.1).
    pub oauth_error: Option<String>,
    /// How many requests were sent.
    pub attempts: u32,
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl fmt::Display for ErrorFacts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.message, self.code)
    }
}

/// A field that broke its rule.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[non_exhaustive]
pub struct Issue {
    /// Where the field is.
    pub path: String,
    /// The rule.
    pub message: String,
    /// What was sent.
    #[serde(default)]
    pub received: Option<Value>,
}

impl AgentIdPError {
    pub(crate) fn new(kind: ErrorKind, facts: ErrorFacts) -> Self {
        let retry_after_secs = facts.retry_after;
        let facts = Box::new(facts);
        match kind {
            ErrorKind::Http => Self::Http(facts),
            ErrorKind::Auth => Self::Auth(facts),
            ErrorKind::NotFound => Self::NotFound(facts),
            ErrorKind::RateLimited => Self::RateLimited {
                retry_after_secs,
                facts,
            },
            ErrorKind::Delegation => Self::Delegation(facts),
            ErrorKind::Config => Self::Config(facts),
            ErrorKind::Serde => Self::Serde(facts),
            ErrorKind::Api => Self::Api(facts),
        }
    }

    pub(crate) fn of(kind: ErrorKind, code: &str, message: impl Into<String>) -> Self {
        Self::new(
            kind,
            ErrorFacts {
                code: code.to_owned(),
                message: message.into(),
                ..ErrorFacts::default()
            },
        )
    }

    /// An error of the program's own code.
    pub(crate) fn caused(
        kind: ErrorKind,
        code: &str,
        message: &str,
        cause: Box<dyn Error + Send + Sync>,
    ) -> Self {
        let facts = ErrorFacts {
            code: code.to_owned(),
            message: message.to_owned(),
            cause: Some(Arc::from(cause)),
            ..ErrorFacts::default()
        };
        Self::new(kind, facts)
    }

    /// An error before anything was sent.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::of(ErrorKind::Config, "CONFIGURATION", message)
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Http(_) => ErrorKind::Http,
            Self::Auth(_) => ErrorKind::Auth,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::RateLimited { .. } => ErrorKind::RateLimited,
            Self::Delegation(_) => ErrorKind::Delegation,
            Self::Config(_) => ErrorKind::Config,
            Self::Serde(_) => ErrorKind::Serde,
            Self::Api(_) => ErrorKind::Api,
        }
    }

    /// What is known of the failure.
    #[must_use]
    pub fn facts(&self) -> &ErrorFacts {
        match self {
            Self::Http(facts)
            | Self::Auth(facts)
            | Self::NotFound(facts)
            | Self::RateLimited { facts, .. }
            | Self::Delegation(facts)
            | Self::Config(facts)
            | Self::Serde(facts)
            | Self::Api(facts) => facts,
        }
    }

    /// One of [`codes`](crate::codes), or a code of this library.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.facts().code
    }

    /// What happened, in a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.facts().message
    }

    /// The status of the answer.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.facts().http_status
    }

    /// A limit of the organization's tier is reached; `details` has it.
    #[must_use]
    pub fn is_quota_exceeded(&self) -> bool {
        self.code() == "FREE_TIER_LIMIT_EXCEEDED"
    }

    /// The scope that the token lacks. Add it to the scopes of the client.
    #[must_use]
    pub fn required_scope(&self) -> Option<&str> {
        self.facts()
            .details
            .as_ref()?
            .get("requiredScope")?
            .as_str()
    }

    /// The fields that broke their rules, for `VALIDATION_ERROR`.
    #[must_use]
    pub fn issues(&self) -> Vec<Issue> {
        let issues = self
            .facts()
            .details
            .as_ref()
            .and_then(|details| details.get("issues"));
        issues
            .cloned()
            .and_then(|value| serde_json::from_value(value).ok())
            .unwrap_or_default()
    }

    /// The state of the record does not allow it, or it exists already, or it has changed meanwhile.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self.http_status(), Some(409 | 412))
    }

    /// What caused it, such as the failure of a connection, or the error of a callback.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.facts().cause.as_deref()
    }
}
