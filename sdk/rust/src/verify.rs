//! Verifies tokens of the service: offline with its published keys, or by asking it.
mod builder;
mod checks;
mod jws;
mod keys;
mod online;
mod proof;
mod sources;
#[cfg(test)]
mod tests;

pub use builder::VerifierBuilder;
pub use online::Online;
pub use proof::ProvenRequest;

use crate::claims::unverified_claims;
use crate::clock::Clock;
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::secret::Secret;
use checks::ID_TOKEN;
use chrono::{DateTime, Utc};
use keys::{Fetch, PublishedKeys};
use proof::UsedProofs;
use serde::Serialize;
use serde_json::{Map, Value};
use sources::published_by_did;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Clocks may differ by this.
const SKEW_SECONDS: i32 = 60;
/// The keys of so many subjects are kept for `verify_by_did`.
const MOST_SUBJECTS: usize = 1000;

fn refuse(code: &str, message: &str) -> AgentIdPError {
    AgentIdPError::of(ErrorKind::Auth, code, message)
}

fn invalid(message: &str) -> AgentIdPError {
    refuse("TOKEN_NOT_VALID", message)
}

/// A verified access token.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VerifiedToken {
    /// The agent that the token is of: `sub`.
    pub agent_id: String,
    /// The organization of the agent.
    pub organization_id: String,
    /// What the token allows.
    pub scopes: Vec<String>,
    /// When it ends.
    #[serde(with = "crate::instant")]
    pub expires_at: DateTime<Utc>,
    /// The id of the token: `jti`.
    pub token_id: String,
    /// The agent that acts for `agent_id`, by a delegation.
    pub actor: Option<String>,
    /// The id of that delegation.
    pub delegation_chain_id: Option<String>,
    /// The thumbprint of the key that the token is bound to.
    pub confirmation: Option<String>,
    /// All claims.
    pub claims: Map<String, Value>,
}

struct Inner {
    issuer: String,
    audience: String,
    required_scopes: Vec<String>,
    required_actor: Option<String>,
    base: String,
    fetch: Fetch,
    clock: Arc<dyn Clock>,
    keys: Arc<PublishedKeys>,
    by_subject: Mutex<HashMap<String, Arc<PublishedKeys>>>,
    proofs: UsedProofs,
}

/// Verifies access tokens of one API. Make one for the whole program: it keeps the keys. Cheap to clone; the clones share them.
///
/// ```
/// use sentryagent_idp::verify::{ProvenRequest, TokenVerifier};
/// use sentryagent_idp::AgentIdPError;
///
/// async fn caller(verifier: &TokenVerifier, token: &str, proof: Option<String>) -> Result<String, AgentIdPError> {
///     let verified = match proof {
///         // The `DPoP` header, which comes with a token that is bound to a key.
///         Some(proof) => {
///             let (method, url) = ("GET".to_owned(), "https://api.example.com/resumes".to_owned());
///             verifier.verify_proven(token, &ProvenRequest { method, url, proof }).await?
///         }
///         None => verifier.verify(token).await?,
///     };
///     Ok(verified.agent_id)
/// }
///
/// let verifier = TokenVerifier::builder("https://idp.example.com", "https://api.example.com")
///     .required_scopes(["resume:read"])
///     .build()?;
/// # Ok::<(), AgentIdPError>(())
/// ```
#[derive(Clone)]
pub struct TokenVerifier(Arc<Inner>);

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenVerifier")
            .field("issuer", &self.0.issuer)
            .field("audience", &self.0.audience)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn keys_of(&self, agent_id: &str) -> Arc<PublishedKeys> {
        let mut by_subject = self
            .by_subject
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = by_subject.get(agent_id) {
            return keys.clone();
        }
        if by_subject.len() >= MOST_SUBJECTS {
            // Forged subjects go first: they have no keys.
            by_subject.retain(|_, keys| !keys.is_empty());
            if by_subject.len() >= MOST_SUBJECTS {
                by_subject.clear();
            }
        }
        let keys = PublishedKeys::new(
            published_by_did(&self.fetch, &self.base, agent_id),
            self.clock.clone(),
        );
        by_subject.insert(agent_id.to_owned(), keys.clone());
        keys
    }
}

impl TokenVerifier {
    /// A verifier of the tokens of `issuer`, the URL of the service exactly as it is in `iss`, that are for `audience`: your
    /// API, and nothing else.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> VerifierBuilder {
        VerifierBuilder::new(issuer.into(), audience.into())
    }

    /// The facts of an access token, by the published keys. A revoked token is accepted until it expires; [`Online`] asks the
    /// service. A token that is bound to a key is refused: [`TokenVerifier::verify_proven`] takes its proof.
    ///
    /// # Errors
    /// `Auth` with `TOKEN_NOT_VALID`, `TOKEN_EXPIRED`, `SCOPE_MISSING`, `PROOF_MISSING` or `PROOF_NOT_VALID`; other kinds with
    /// `KEYS_NOT_FETCHED` where the key is not known and could not be fetched.
    pub async fn verify(&self, token: impl Into<Secret>) -> Result<VerifiedToken> {
        self.0
            .access_token(token.into().expose(), &self.0.keys, None)
            .await
    }

    /// The same for a token that can be bound to a key, with the request that it came with (RFC 9449). A proof is good once. A
    /// token that is bound to no key needs none.
    ///
    /// # Errors
    /// As [`TokenVerifier::verify`].
    pub async fn verify_proven(
        &self,
        token: impl Into<Secret>,
        request: &ProvenRequest,
    ) -> Result<VerifiedToken> {
        self.0
            .access_token(token.into().expose(), &self.0.keys, Some(request))
            .await
    }

    /// [`TokenVerifier::verify`] by the DID document of the token's subject alone: no metadata, no JWKS. The key must be the
    /// service's, under its `kid`. A subject that has no document is `TOKEN_NOT_VALID`, and is looked up again after 30 seconds
    /// at the earliest.
    ///
    /// # Errors
    /// As [`TokenVerifier::verify`].
    pub async fn verify_by_did(&self, token: impl Into<Secret>) -> Result<VerifiedToken> {
        self.by_did(&token.into(), None).await
    }

    /// [`TokenVerifier::verify_proven`] by the DID document of the token's subject alone.
    ///
    /// # Errors
    /// As [`TokenVerifier::verify`].
    pub async fn verify_proven_by_did(
        &self,
        token: impl Into<Secret>,
        request: &ProvenRequest,
    ) -> Result<VerifiedToken> {
        self.by_did(&token.into(), Some(request)).await
    }

    async fn by_did(
        &self,
        token: &Secret,
        request: Option<&ProvenRequest>,
    ) -> Result<VerifiedToken> {
        let claims = unverified_claims(token.expose());
        let subject = claims
            .get("sub")
            .and_then(Value::as_str)
            .unwrap_or_default();
        // The id is a part of the URL, so it is nothing but an id.
        if !uuid::Uuid::try_parse(subject).is_ok_and(|id| id.hyphenated().to_string() == subject) {
            return Err(invalid("The token has no subject."));
        }
        self.0
            .access_token(token.expose(), &self.0.keys_of(subject), request)
            .await
    }

    /// The claims of an id_token for the audience, which is then the id of the client.
    ///
    /// # Errors
    /// As [`TokenVerifier::verify`].
    pub async fn verify_id_token(&self, token: impl Into<Secret>) -> Result<Map<String, Value>> {
        let token = token.into();
        self.0
            .checked(token.expose(), &self.0.keys, &ID_TOKEN)
            .await
    }
}
