//! Tokens, which one a program wants, and what keeps them outside the process.
use crate::clock::BoxFuture;
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An access token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Token {
    /// The token.
    pub access_token: Secret,
    /// `Bearer`, or `DPoP` for one that is bound to a key.
    pub token_type: String,
    /// What it allows.
    pub scopes: Vec<String>,
}

impl Token {
    /// A token that a [`TokenStore`] has kept. `token_type` is `Bearer` or `DPoP`.
    pub fn new<T: Into<String>>(
        access_token: impl Into<Secret>,
        token_type: impl Into<String>,
        scopes: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            access_token: access_token.into(),
            token_type: token_type.into(),
            scopes: scopes.into_iter().map(Into::into).collect(),
        }
    }
}

/// What a [`TokenStore`] keeps. Encrypt it, or keep it where only this program reads.
///
/// [`exposed_json`](crate::exposed_json) writes it with its token; every other JSON of it says `[redacted]`. `serde_json` reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredToken {
    /// The token.
    pub token: Token,
    /// By the clock of the machine that got it.
    #[serde(with = "crate::instant")]
    pub expires_at: DateTime<Utc>,
}

/// Keeps tokens for several processes. The key names client, scopes and resource, and holds no secret.
///
/// ```
/// use sentryagent_idp::{exposed_json, BoxFuture, StoredToken, TokenStore};
/// use std::path::PathBuf;
///
/// struct Files(PathBuf);
///
/// impl Files {
///     fn path(&self, key: &str) -> PathBuf {
///         self.0.join(key.replace(|char: char| !char.is_alphanumeric(), "-"))
///     }
/// }
///
/// impl TokenStore for Files {
///     fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<StoredToken>> {
///         Box::pin(async move { serde_json::from_slice(&std::fs::read(self.path(key)).ok()?).ok() })
///     }
///     fn save<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, ()> {
///         Box::pin(async move {
///             // A store that fails costs a request; it fails no call.
///             if let Ok(json) = exposed_json(&token) {
///                 let _ = std::fs::write(self.path(key), json.to_string());
///             }
///         })
///     }
///     fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
///         Box::pin(async move {
///             let _ = std::fs::remove_file(self.path(key));
///         })
///     }
/// }
/// ```
pub trait TokenStore: Send + Sync {
    /// The token of a key.
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<StoredToken>>;
    /// Keeps a token.
    fn save<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, ()>;
    /// Forgets a token.
    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()>;
}

/// Which token: the same one for the same scopes and resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Unset: those of the client.
    pub scopes: Option<Vec<String>>,
    /// Unset: a token for the service itself.
    pub resource: Option<String>,
}

impl Wanted {
    /// A token for an API.
    #[must_use]
    pub fn resource(resource: impl Into<String>) -> Self {
        Self {
            resource: Some(resource.into()),
            scopes: None,
        }
    }

    /// With these scopes.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }
}
