//! The client.
mod builder;

pub use builder::ClientBuilder;

use crate::call::Call;
use crate::credentials::{no_credentials, Credentials};
use crate::engine::Engine;
use crate::error::{AgentIdPError, Result};
use crate::generated::models::{SetUp, SetUpResult};
use crate::operation::{Authentication, Input, Operation};
use crate::retry::RetryClass;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::token::{Token, Wanted};
use crate::token_manager::TokenManager;
use serde_json::Value;
use std::sync::Arc;

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
        self.engine
            .unless_closed(self.engine.tokens().token(wanted))
            .await
    }

    /// A client that acts by a delegation: its tokens are exchanged for it, and end with it. It is closed with this client.
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
        let engine = Arc::new(Engine::new(transport, base, tokens));
        self.engine.adopt(&engine);
        Ok(Self { engine })
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

    /// Ends what is running and forgets the tokens, of all clones of this client and of those that act for it. What is called
    /// afterwards is `Config` with `CLOSED`.
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
