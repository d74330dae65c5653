//! Options of a client.
use super::AgentIdPClient;
use crate::clock::Clock;
use crate::credentials::{no_credentials, Credentials};
use crate::engine::Engine;
use crate::error::Result;
use crate::settings::{
    base_url, environment, AppInfo, ProofKey, RequestEvent, ResponseEvent, Settings,
};
use crate::token::TokenStore;
use crate::token_endpoint::TokenEndpoint;
use crate::token_manager::TokenManager;
use crate::transport::Transport;
use std::sync::Arc;
use std::time::Duration;

/// Options of a client. What is not set comes from the environment: `AGENTIDP_API_URL`, `AGENTIDP_CLIENT_ID` and
/// `AGENTIDP_CLIENT_SECRET`.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ClientBuilder {
    url: Option<String>,
    credentials: Option<Credentials>,
    settings: Settings,
}

/// An empty variable is none.
fn of_environment(id: Option<String>, secret: Option<String>) -> Result<Credentials> {
    let message = match (id, secret) {
        (Some(id), Some(secret)) => return Ok(Credentials::client_secret(id, secret)),
        (Some(_), None) => "AGENTIDP_CLIENT_ID is set, but AGENTIDP_CLIENT_SECRET is not.",
        (None, Some(_)) => "AGENTIDP_CLIENT_SECRET is set, but AGENTIDP_CLIENT_ID is not.",
        (None, None) => "There are no credentials: give some (`Credentials::none()` for public calls), or set AGENTIDP_CLIENT_ID and AGENTIDP_CLIENT_SECRET.",
    };
    Err(no_credentials(message))
}

impl ClientBuilder {
    /// The service. It must be https, unless it is this machine.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// How it signs in.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// The scopes of its tokens. Unset: those that the agent has, but `admin:orgs` and `delegations:write`.
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.settings.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// The API that [`AgentIdPClient::access_token`] gets tokens for. The library's own calls use tokens for the service.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.settings.resource = Some(resource.into());
        self
    }

    /// Binds tokens to a key (RFC 9449).
    pub fn dpop_key(mut self, key: impl ProofKey + 'static) -> Self {
        self.settings.dpop_key = Some(Arc::new(key));
        self
    }

    /// The issuer, where it is not the URL of the service.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.settings.issuer = Some(issuer.into());
        self
    }

    /// A single request; 30 seconds.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = timeout;
        self
    }

    /// A whole call with its waits; 60 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How often a request is sent again; 2.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.settings.max_retries = retries;
        self
    }

    /// An HTTP client of the program's, with its proxies and certificates. It must follow no redirect, because a redirect could
    /// carry the token to another host.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.settings.http_client = Some(client);
        self
    }

    /// The program that uses the library, for the `User-Agent`.
    pub fn app_info(
        mut self,
        name: impl Into<String>,
        version: Option<&str>,
        url: Option<&str>,
    ) -> Self {
        let (version, url) = (version.map(str::to_owned), url.map(str::to_owned));
        self.settings.app_info = Some(AppInfo {
            name: name.into(),
            version,
            url,
        });
        self
    }

    /// Called before each request. A hook that panics changes no call.
    pub fn on_request(mut self, hook: impl Fn(&RequestEvent) + Send + Sync + 'static) -> Self {
        self.settings.on_request = Some(Arc::new(hook));
        self
    }

    /// Called after each answer, or the lack of one. A hook that panics changes no call.
    pub fn on_response(mut self, hook: impl Fn(&ResponseEvent) + Send + Sync + 'static) -> Self {
        self.settings.on_response = Some(Arc::new(hook));
        self
    }

    /// For tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.settings.clock = clock;
        self
    }

    /// Keeps tokens outside the process. Without it they are only in memory.
    pub fn token_store(mut self, store: impl TokenStore + 'static) -> Self {
        self.settings.token_store = Some(Arc::new(store));
        self
    }

    /// For tests: an answer with a member that this version does not know is an error.
    pub fn refuse_unknown_fields(mut self, refuse: bool) -> Self {
        self.settings.refuse_unknown_fields = refuse;
        self
    }

    fn credentials_or_environment(credentials: Option<Credentials>) -> Result<Credentials> {
        let credentials = match credentials {
            Some(credentials) => credentials,
            None => of_environment(
                environment("AGENTIDP_CLIENT_ID"),
                environment("AGENTIDP_CLIENT_SECRET"),
            )?,
        };
        credentials.check()?;
        Ok(credentials)
    }

    pub(super) fn endpoint(
        url: Option<String>,
        settings: Settings,
    ) -> Result<(Arc<Transport>, String, TokenEndpoint)> {
        let base = base_url(url.or_else(|| environment("AGENTIDP_API_URL")).as_deref())?;
        let transport = Arc::new(Transport::new(settings)?);
        let endpoint = TokenEndpoint::new(Arc::clone(&transport), base.clone());
        Ok((transport, base, endpoint))
    }

    /// The client.
    ///
    /// # Errors
    /// `Config` without a URL or credentials, for an empty id or secret, and for plain HTTP to another machine.
    pub fn build(self) -> Result<AgentIdPClient> {
        let credentials = Self::credentials_or_environment(self.credentials)?;
        let (transport, base, endpoint) = Self::endpoint(self.url, self.settings)?;
        let tokens = TokenManager::new(credentials, endpoint, None);
        Ok(AgentIdPClient {
            engine: Arc::new(Engine::new(transport, base, tokens)),
        })
    }

    /// A token manager without a client, for programs that only need tokens.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn build_token_manager(self) -> Result<TokenManager> {
        let credentials = Self::credentials_or_environment(self.credentials)?;
        let (_, _, endpoint) = Self::endpoint(self.url, self.settings)?;
        Ok(TokenManager::new(credentials, endpoint, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_set_environment_names_the_variable_that_is_missing() {
        let set = || Some("text".to_owned());
        let message = |id, secret| of_environment(id, secret).unwrap_err().message().to_owned();
        assert!(message(set(), None).ends_with("AGENTIDP_CLIENT_SECRET is not."));
        assert!(message(None, set()).ends_with("AGENTIDP_CLIENT_ID is not."));
        assert!(message(None, None).contains("Credentials::none()"));
        assert_eq!(of_environment(set(), set()).unwrap().client_id(), "text");
    }

    #[test]
    fn an_empty_id_or_secret_is_refused() {
        let token = || async { Ok(crate::Secret::from("token")) };
        let key = || crate::AssertionKey::pem("no pem");
        for credentials in [
            Credentials::client_secret("", "sa_sec_example"),
            Credentials::client_secret("an-id", " "),
            Credentials::private_key_jwt("", key(), None),
            Credentials::workload_token("", token),
        ] {
            let error = AgentIdPClient::new("https://idp.example.com", credentials).unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (crate::ErrorKind::Config, "NO_CREDENTIALS")
            );
        }
    }
}
