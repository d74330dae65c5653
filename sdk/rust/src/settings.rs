//! Options of a client and of its calls.
use crate::clock::{BoxFuture, Clock, SystemClock};
use crate::error::{AgentIdPError, Result};
use crate::secret::Secret;
use crate::token::TokenStore;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// A request, as hooks see it: no secret, no id, no body.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RequestEvent {
    /// Part and method, such as `agents.get`.
    pub call: String,
    /// The method of HTTP.
    pub method: String,
    /// The path with the names of its parameters.
    pub route: String,
    /// From 1.
    pub attempt: u32,
}

/// An answer, as hooks see it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ResponseEvent {
    /// What was asked.
    pub request: RequestEvent,
    /// None when there was no answer.
    pub status: Option<u16>,
    /// How long it took.
    pub duration: Duration,
    /// Names the request to the operator of the service.
    pub request_id: Option<String>,
}

/// A key that tokens are bound to (RFC 9449). `dpop::DpopKey` of the feature `dpop` is one.
pub trait ProofKey: Send + Sync {
    /// The RFC 7638 thumbprint of the public key.
    fn thumbprint(&self) -> &str;
    /// A new proof: each has its own `jti`, so that a repeated request never carries the same one.
    fn proof(&self, request: ProofRequest) -> BoxFuture<'_, Result<String>>;
}

/// What a proof is for.
#[derive(Debug, Clone)]
pub struct ProofRequest {
    /// The method of HTTP.
    pub method: String,
    /// The URL of the request.
    pub url: String,
    /// The token that the call carries.
    pub access_token: Option<Secret>,
    /// The nonce that the server asked for last.
    pub nonce: Option<String>,
    /// The time of this machine.
    pub now: chrono::DateTime<chrono::Utc>,
}

/// The program that uses the library, for the `User-Agent`.
#[derive(Debug, Clone)]
pub(crate) struct AppInfo {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) url: Option<String>,
}

type Hook<Event> = Arc<dyn Fn(&Event) + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) resource: Option<String>,
    pub(crate) dpop_key: Option<Arc<dyn ProofKey>>,
    pub(crate) issuer: Option<String>,
    pub(crate) attempt_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) http_client: Option<reqwest::Client>,
    pub(crate) app_info: Option<AppInfo>,
    pub(crate) on_request: Option<Hook<RequestEvent>>,
    pub(crate) on_response: Option<Hook<ResponseEvent>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) token_store: Option<Arc<dyn TokenStore>>,
    pub(crate) refuse_unknown_fields: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            scopes: None,
            resource: None,
            dpop_key: None,
            issuer: None,
            attempt_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(60),
            max_retries: 2,
            http_client: None,
            app_info: None,
            on_request: None,
            on_response: None,
            clock: Arc::new(SystemClock::default()),
            token_store: None,
            refuse_unknown_fields: false,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Settings")
            .field("scopes", &self.scopes)
            .field("resource", &self.resource)
            .field("timeout", &self.timeout)
            .field("max_retries", &self.max_retries)
            .finish_non_exhaustive()
    }
}

/// What each call can change.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) if_match: Option<String>,
}

/// Header values have no control characters, and only ASCII here.
fn plain(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_ascii_graphic() { char } else { '-' })
        .collect()
}

pub(crate) fn user_agent(app: Option<&AppInfo>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let runtime = env!("CARGO_PKG_RUST_VERSION");
    let library = format!(
        "sentryagent-idp-rust/{version} (rust/{runtime}; {})",
        std::env::consts::OS
    );
    let Some(AppInfo { name, version, url }) = app else {
        return library;
    };
    let version = version
        .as_deref()
        .map(|text| format!("/{}", plain(text)))
        .unwrap_or_default();
    let url = url
        .as_deref()
        .map(|text| format!(" ({})", plain(text)))
        .unwrap_or_default();
    format!("{library} {}{version}{url}", plain(name))
}

/// A setting of the environment. An empty one is none.
pub(crate) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The base of all paths, from what the caller gave: it may end in `/` or `/api/v1`.
pub(crate) fn base_url(text: Option<&str>) -> Result<String> {
    let refuse = |message: &str| Err(AgentIdPError::config(message));
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return refuse("There is no URL of the service: give one, or set AGENTIDP_API_URL.");
    };
    let Ok(url) = Url::parse(text) else {
        return refuse("The URL of the service is no URL.");
    };
    let is_local = url.host().is_some_and(|host| is_loopback(&host));
    if url.scheme() != "https" && !(url.scheme() == "http" && is_local) {
        return refuse(
            "The URL of the service must begin with https, as tokens and secrets are sent to it.",
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("The URL of the service must not hold a password.");
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v1").unwrap_or(path);
    Ok(url.origin().ascii_serialization() + path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_has_no_end() {
        for (text, base) in [
            ("https://idp.example.com", "https://idp.example.com"),
            ("https://idp.example.com/api/v1/", "https://idp.example.com"),
            ("https://example.com/idp/", "https://example.com/idp"),
            ("http://localhost:8787/", "http://localhost:8787"),
            ("http://[::1]:8787", "http://[::1]:8787"),
        ] {
            assert_eq!(base_url(Some(text)).unwrap(), base);
        }
    }

    #[test]
    fn what_is_no_safe_url_is_refused() {
        for text in [
            "http://idp.example.com",
            "http://localhost.example.com",
            "ftp://localhost",
            "https://a:b@example.com",
            "no url",
            "",
        ] {
            assert!(
                matches!(base_url(Some(text)), Err(AgentIdPError::Config(_))),
                "{text}"
            );
        }
        assert!(base_url(None).is_err());
    }

    #[test]
    fn the_user_agent_has_no_control_characters() {
        let app = AppInfo {
            name: "my app\r\n".into(),
            version: Some("1".into()),
            url: None,
        };
        assert!(user_agent(Some(&app)).ends_with(") my-app--/1"));
    }
}
