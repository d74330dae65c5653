//! Options of a verifier.
use super::keys::{fetch_with, Fetch, PublishedKeys};
use super::proof::UsedProofs;
use super::sources::published;
use super::{Inner, TokenVerifier};
use crate::clock::{Clock, SystemClock};
use crate::error::{AgentIdPError, Result};
use crate::settings::base_url;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) fn http_client() -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .build()
        .map_err(|_| {
            AgentIdPError::config("The HTTP client cannot be made: TLS has no certificates.")
        })
}

/// Makes a [`TokenVerifier`].
#[must_use]
pub struct VerifierBuilder {
    issuer: String,
    audience: String,
    required_scopes: Vec<String>,
    required_actor: Option<String>,
    http_client: Option<reqwest::Client>,
    fetch: Option<Fetch>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VerifierBuilder")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

impl VerifierBuilder {
    pub(super) fn new(issuer: String, audience: String) -> Self {
        Self {
            issuer,
            audience,
            required_scopes: Vec::new(),
            required_actor: None,
            http_client: None,
            fetch: None,
            clock: Arc::new(SystemClock::default()),
        }
    }

    /// Only tokens with all of these scopes.
    pub fn required_scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.required_scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Only tokens by which this agent acts for another one.
    pub fn required_actor(mut self, agent_id: impl Into<String>) -> Self {
        self.required_actor = Some(agent_id.into());
        self
    }

    /// An HTTP client of your own. It should not follow redirects.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// Another clock, for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    #[cfg(test)]
    pub(super) fn fetch(mut self, fetch: Fetch) -> Self {
        self.fetch = Some(fetch);
        self
    }

    /// The verifier. Nothing is fetched before its first token.
    ///
    /// # Errors
    /// `Config` for an issuer that is no https URL (plain HTTP only to this machine), and for no audience.
    pub fn build(self) -> Result<TokenVerifier> {
        let base = base_url(Some(&self.issuer))?;
        if self.audience.is_empty() {
            return Err(AgentIdPError::config(
                "A verifier needs the audience of its API.",
            ));
        }
        let fetch = match (self.fetch, self.http_client) {
            (Some(fetch), _) => fetch,
            (None, Some(client)) => fetch_with(client),
            (None, None) => fetch_with(http_client()?),
        };
        let keys = PublishedKeys::new(published(&fetch, &base, &self.issuer), self.clock.clone());
        Ok(TokenVerifier(Arc::new(Inner {
            issuer: self.issuer,
            audience: self.audience,
            required_scopes: self.required_scopes,
            required_actor: self.required_actor,
            base,
            fetch,
            clock: self.clock,
            keys,
            by_subject: Mutex::default(),
            proofs: UsedProofs::default(),
        })))
    }
}
