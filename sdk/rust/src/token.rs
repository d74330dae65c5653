//! Tokens, which one a program wants, and what keeps them outside the process.
use crate::clock::BoxFuture;
use crate::secret::Secret;
use chrono::{DateTime, Utc};

/// An access token.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Token {
    /// The token.
    pub access_token: Secret,
    /// `Bearer`, or `DPoP` for one that is bound to a key.
    pub token_type: String,
    /// What it allows.
    pub scopes: Vec<String>,
}

/// What a [`TokenStore`] keeps. Encrypt it, or keep it where only this program reads.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredToken {
    /// The token.
    pub token: Token,
    /// By the clock of the machine that got it.
    pub expires_at: DateTime<Utc>,
}

/// Keeps tokens for several processes. The key names client, scopes and resource, and holds no secret.
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
