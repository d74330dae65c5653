//! How a client signs in. No credential shows its secret when it is printed.
mod request;

use crate::assertion::{AssertionKey, Signer};
use crate::claims::base64url;
use crate::clock::BoxFuture;
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::retry::RetryClass;
use crate::secret::Secret;
use base64::prelude::{Engine as _, BASE64_STANDARD};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// What a callback fails with: any error of the program.
pub type CallbackError = Box<dyn std::error::Error + Send + Sync>;

type Callback = Arc<dyn Fn() -> BoxFuture<'static, Result<Secret, CallbackError>> + Send + Sync>;

/// The members of a form.
pub(crate) type Form = Vec<(&'static str, String)>;

/// How a client signs in.
///
/// ```
/// use sentryagent_idp::Credentials;
///
/// let credentials = Credentials::client_secret("an-agent-id", "sa_sec_example");
/// assert!(!format!("{credentials:?}").contains("sa_sec_example"));
/// ```
#[derive(Clone)]
pub struct Credentials(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    ClientSecret {
        client_id: String,
        secret: Arc<Mutex<Secret>>,
    },
    PrivateKeyJwt {
        client_id: String,
        signer: Arc<Result<Signer>>,
    },
    WorkloadToken {
        agent_id: String,
        token: Callback,
    },
    AccessToken {
        token: Callback,
        is_fixed: bool,
    },
    None,
}

impl Credentials {
    /// The agent's id and a client secret.
    #[must_use]
    pub fn client_secret(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self(Kind::ClientSecret {
            client_id: client_id.into(),
            secret: Arc::new(Mutex::new(client_secret.into())),
        })
    }

    /// A key of the agent's own (RFC 7523): each request has an assertion of its own, which lives 60 seconds.
    ///
    /// `kid` is the one that the agent's key is registered with; that of a JWK unless given. A key that cannot sign is an error
    /// of the first call.
    #[must_use]
    pub fn private_key_jwt(
        client_id: impl Into<String>,
        key: AssertionKey,
        kid: Option<&str>,
    ) -> Self {
        let signer = Arc::new(Signer::new(key, kid));
        Self(Kind::PrivateKeyJwt {
            client_id: client_id.into(),
            signer,
        })
    }

    /// The token of the workload's own platform. It is used once, so the callback is asked for each exchange.
    ///
    /// ```
    /// use sentryagent_idp::{Credentials, Secret};
    ///
    /// let credentials = Credentials::workload_token("an-agent-id", || async {
    ///     Ok(Secret::from(std::fs::read_to_string("/var/run/secrets/token")?))
    /// });
    /// ```
    pub fn workload_token<F, R>(agent_id: impl Into<String>, token: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Secret, CallbackError>> + Send + 'static,
    {
        Self(Kind::WorkloadToken {
            agent_id: agent_id.into(),
            token: Arc::new(move || Box::pin(token())),
        })
    }

    /// A token that the program has already. It is not replaced when it ends.
    #[must_use]
    pub fn access_token(token: impl Into<Secret>) -> Self {
        let token = token.into();
        let read: Callback = Arc::new(move || {
            let token = token.clone();
            Box::pin(async move { Ok(token) })
        });
        Self(Kind::AccessToken {
            token: read,
            is_fixed: true,
        })
    }

    /// A callback that gives a token before each request.
    pub fn access_tokens<F, R>(token: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Secret, CallbackError>> + Send + 'static,
    {
        Self(Kind::AccessToken {
            token: Arc::new(move || Box::pin(token())),
            is_fixed: false,
        })
    }

    /// No credentials: public calls only.
    #[must_use]
    pub fn none() -> Self {
        Self(Kind::None)
    }

    /// The agent's id; empty without one.
    #[must_use]
    pub fn client_id(&self) -> &str {
        match &self.0 {
            Kind::ClientSecret { client_id, .. } | Kind::PrivateKeyJwt { client_id, .. } => {
                client_id
            }
            Kind::WorkloadToken { agent_id, .. } => agent_id,
            Kind::AccessToken { .. } | Kind::None => "",
        }
    }

    /// Whether what it signs in with is there: an empty setting of a program would be a refusal much later.
    pub(crate) fn check(&self) -> Result<()> {
        let is_empty = |text: &str| text.trim().is_empty();
        if self.signs_in() && is_empty(self.client_id()) {
            return Err(no_credentials("The id of the agent is empty."));
        }
        match &self.0 {
            Kind::ClientSecret { secret, .. }
                if is_empty(
                    secret
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .expose(),
                ) =>
            {
                Err(no_credentials("The client secret is empty."))
            }
            _ => Ok(()),
        }
    }

    /// Whether there can be a token at all.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }

    pub(crate) fn signs_in(&self) -> bool {
        !matches!(self.0, Kind::None | Kind::AccessToken { .. })
    }

    /// Whether its requests have something that is signed with a time in it.
    pub(crate) fn is_timed(&self) -> bool {
        matches!(self.0, Kind::PrivateKeyJwt { .. })
    }

    /// Where tokens are requested.
    pub(crate) fn path(&self) -> &'static str {
        if matches!(self.0, Kind::WorkloadToken { .. }) {
            "/api/v1/oidc/token"
        } else {
            "/api/v1/token"
        }
    }

    /// A workload token is used up by a request, whatever becomes of the answer.
    pub(crate) fn retry(&self) -> RetryClass {
        if matches!(self.0, Kind::WorkloadToken { .. }) {
            RetryClass::Never
        } else {
            RetryClass::Read
        }
    }

    /// The header by which an agent rotates its own secret (RFC 6749 2.3.1).
    pub(crate) fn basic(&self) -> Option<String> {
        let Kind::ClientSecret { client_id, secret } = &self.0 else {
            return None;
        };
        let encode =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let secret = secret.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = format!("{}:{}", encode(client_id), encode(secret.expose()));
        Some(format!("Basic {}", BASE64_STANDARD.encode(pair)))
    }

    /// Goes on with another secret, after a rotation.
    pub(crate) fn replace(&self, new: Secret) {
        if let Kind::ClientSecret { secret, .. } = &self.0 {
            *secret.lock().unwrap_or_else(PoisonError::into_inner) = new;
        }
    }

    /// The token of the program, where it has one.
    pub(crate) async fn given_token(&self) -> Option<Result<Secret>> {
        match &self.0 {
            Kind::AccessToken { token, .. } => Some(called(token).await),
            _ => None,
        }
    }

    /// Whether another token can be had after one was refused.
    pub(crate) fn can_renew(&self) -> bool {
        !matches!(self.0, Kind::AccessToken { is_fixed: true, .. })
    }
}

pub(crate) fn no_credentials(message: &str) -> AgentIdPError {
    AgentIdPError::of(ErrorKind::Config, "NO_CREDENTIALS", message)
}

async fn called(callback: &Callback) -> Result<Secret> {
    callback().await.map_err(|cause| {
        AgentIdPError::caused(
            ErrorKind::Config,
            "NO_TOKEN",
            "The program's callback gave no token.",
            cause,
        )
    })
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Kind::ClientSecret { .. } => "ClientSecret",
            Kind::PrivateKeyJwt { .. } => "PrivateKeyJwt",
            Kind::WorkloadToken { .. } => "WorkloadToken",
            Kind::AccessToken { .. } => "AccessToken",
            Kind::None => "None",
        };
        formatter
            .debug_struct(kind)
            .field("client_id", &self.client_id())
            .finish_non_exhaustive()
    }
}

/// The bytes of a JWS (RFC 7515 5.1) before its signature.
pub(crate) fn signing_input(header: &serde_json::Value, claims: &serde_json::Value) -> String {
    format!(
        "{}.{}",
        base64url(header.to_string()),
        base64url(claims.to_string())
    )
}
