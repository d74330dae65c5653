//! The client.
use crate::call::Call;
use crate::clock::Clock;
use crate::credentials::{no_credentials, Credentials};
use crate::engine::Engine;
use crate::error::{AgentIdPError, Result};
use crate::generated::models::{SetUp, SetUpResult};
use crate::operation::{Authentication, Input, Operation};
use crate::retry::RetryClass;
use crate::secret::Secret;
use crate::settings::{
    base_url, environment, AppInfo, ProofKey, RequestEvent, ResponseEvent, Settings,
};
use crate::token::{Token, TokenStore, Wanted};
use crate::token_endpoint::TokenEndpoint;
use crate::token_manager::TokenManager;
use crate::transport::Transport;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A client of the service. Nothing is sent before the first call. It is cheap to clone, and one client serves all tasks and
/// threads of a program.
///
/// ```no_run
/// use sentryagent_idp::{AgentIdPClient, Credentials};
///
/// # async fn example() -> Result<(), sentryagent_idp::AgentIdPError> {
/// let client = AgentIdPClient::builder()
///     .url("https://idp.example.com")
///     .credentials(Credentials::client_secret("an-agent-id", "sa_sec_example"))
///     .build()?;
/// println!("{}", client.tokens().who_am_i().await?.email);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AgentIdPClient {
    pub(crate) engine: Arc<Engine>,
}

/// Options of a client. What is not set comes from the environment: `AGENTIDP_API_URL`, `AGENTIDP_CLIENT_ID` and
/// `AGENTIDP_CLIENT_SECRET`.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ClientBuilder {
    url: Option<String>,
    credentials: Option<Credentials>,
    settings: Settings,
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

    /// Called before each request.
    pub fn on_request(mut self, hook: impl Fn(&RequestEvent) + Send + Sync + 'static) -> Self {
        self.settings.on_request = Some(Arc::new(hook));
        self
    }

    /// Called after each answer, or the lack of one.
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
        if let Some(credentials) = credentials {
            return Ok(credentials);
        }
        match (environment("AGENTIDP_CLIENT_ID"), environment("AGENTIDP_CLIENT_SECRET")) {
            (Some(id), Some(secret)) => Ok(Credentials::client_secret(id, secret)),
            _ => Err(no_credentials(
                "There are no credentials: give some (`Credentials::none()` for public calls), or set AGENTIDP_CLIENT_ID and AGENTIDP_CLIENT_SECRET.",
            )),
        }
    }

    fn endpoint(
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
    /// `Config` without a URL or credentials, and for plain HTTP to another machine.
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

impl AgentIdPClient {
    /// Options of a new client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client of a service.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn new(url: impl Into<String>, credentials: Credentials) -> Result<Self> {
        Self::builder().url(url).credentials(credentials).build()
    }

    /// A client by the environment: `AGENTIDP_API_URL`, `AGENTIDP_CLIENT_ID` and `AGENTIDP_CLIENT_SECRET`.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// The tokens of this client.
    #[must_use]
    pub fn token_manager(&self) -> &TokenManager {
        self.engine.tokens()
    }

    /// A living token to send to an API: for the resource and scopes of the client, unless others are given.
    ///
    /// # Errors
    /// As [`TokenManager::token`].
    pub async fn access_token(&self, mut wanted: Wanted) -> Result<Token> {
        wanted.resource = wanted
            .resource
            .or_else(|| self.engine.settings().resource.clone());
        self.engine.tokens().token(wanted).await
    }

    /// A client that acts by a delegation: its tokens are exchanged for it, and end with it.
    ///
    /// # Errors
    /// `Config` for a client that does not sign in.
    pub fn acting_for(&self, delegation_token: impl Into<Secret>) -> Result<Self> {
        let tokens = self.engine.tokens();
        if !tokens.credentials().signs_in() {
            return Err(no_credentials(
                "Only a client that signs in can act by a delegation.",
            ));
        }
        let settings = Settings {
            scopes: None,
            ..self.engine.settings().clone()
        };
        let (transport, base, endpoint) =
            ClientBuilder::endpoint(Some(self.engine.base().to_owned()), settings)?;
        let tokens = TokenManager::new(
            tokens.credentials().clone(),
            endpoint,
            Some(delegation_token.into()),
        );
        Ok(Self {
            engine: Arc::new(Engine::new(transport, base, tokens)),
        })
    }

    /// A request that the library has no method for, with its sign-in, retries and errors. `GET` is repeated, other methods are
    /// not. The value is the JSON as it came.
    ///
    /// ```no_run
    /// # async fn example(client: sentryagent_idp::AgentIdPClient) -> Result<(), sentryagent_idp::AgentIdPError> {
    /// let page = client.request("GET", "/api/v1/agents", &[("limit", "1")], None).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(
        &self,
        method: &'static str,
        path: impl Into<String>,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Call<Value> {
        const OPERATION: Operation = Operation {
            call: "request",
            method: "",
            path: "",
            retry: RetryClass::Never,
            authentication: Authentication::Optional,
            form: false,
            answering_statuses: &[],
        };
        let path = path.into();
        let is_path = path.starts_with('/') && !path.starts_with("//");
        let is_plain = !path.contains(['?', '#', '{', '}'])
            && !path.split('/').any(|part| part == "." || part == "..");
        let mut input = Input {
            literal_path: Some(path),
            ..Input::default()
        };
        if !is_path || !is_plain {
            input.error = Some(AgentIdPError::config(
                "The path must be one of the service, without a query.",
            ));
        }
        for (name, value) in query {
            input = input.query(name, (*value).to_owned());
        }
        if let Some(body) = body {
            input = input.body(body);
        }
        let retry = if method == "GET" {
            RetryClass::Read
        } else {
            RetryClass::Never
        };
        self.engine.raw(
            &Operation {
                method,
                retry,
                ..OPERATION
            },
            input,
        )
    }

    /// Ends what is running and forgets the tokens, of all clones of this client.
    pub fn close(&self) {
        self.engine.close();
    }
}

/// Creates the operator's organization and its first admin, once. It is no method: there is no client yet.
///
/// `setup_token` is the setting `SETUP_TOKEN` of the service.
///
/// # Errors
/// `Config` for a URL that is none, or not safe.
pub fn set_up(
    url: impl Into<String>,
    setup_token: impl Into<Secret>,
    body: SetUp,
) -> Result<Call<SetUpResult>> {
    const OPERATION: Operation = Operation {
        call: "setUp",
        method: "POST",
        path: "/api/v1/setup",
        retry: RetryClass::Never,
        authentication: Authentication::None,
        form: false,
        answering_statuses: &[],
    };
    let client = AgentIdPClient::new(url, Credentials::none())?;
    let mut input = Input::default().body(&body);
    input.authorization = Some(bearer(&setup_token.into()));
    Ok(client.engine.value(&OPERATION, input))
}

pub(crate) fn bearer(token: &Secret) -> Secret {
    Secret::from(format!("Bearer {}", token.expose()))
}
