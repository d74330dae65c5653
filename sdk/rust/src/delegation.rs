//! Delegations, and what programs do with them.
use crate::claims::unverified_claims;
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind, Result};
use crate::generated::api::Delegations;
use crate::generated::models::{
    CreateDelegation, DelegationVerification, DelegationWithToken, VerifyDelegation,
};
use crate::operation::{Authentication, Input, Operation};
use crate::retry::RetryClass;
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use serde_json::{json, Map, Value};
use std::future::Future;
use std::sync::Arc;

/// The facts of a delegation that is valid.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ValidDelegation {
    /// The id of the delegation.
    pub chain_id: String,
    /// What is lent.
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// Everything that the service says.
    pub facts: DelegationVerification,
}

/// Says that the work is done, so that it is not done again.
fn not_revoked(error: &AgentIdPError, chain_id: &str) -> AgentIdPError {
    let facts = ErrorFacts {
        message: format!(
            "`run` has ended, but its delegation {chain_id} is not revoked: {}",
            error.message()
        ),
        cause: Some(Arc::new(error.clone())),
        ..error.facts().clone()
    };
    AgentIdPError::new(error.kind(), facts)
}

impl Delegations {
    /// Lends scopes for as long as `run` takes: creates the delegation, runs, and revokes it, also after an error. When this
    /// future is dropped, the delegation stays until it expires.
    ///
    /// ```no_run
    /// use sentryagent_idp::models::CreateDelegation;
    ///
    /// # async fn hand_over(_: &str) -> Result<(), sentryagent_idp::AgentIdPError> { Ok(()) }
    /// # async fn example(client: sentryagent_idp::AgentIdPClient) -> Result<(), sentryagent_idp::AgentIdPError> {
    /// let lending = CreateDelegation::new("the-helper's-id", ["agents:read"], 300);
    /// client
    ///     .delegations()
    ///     .lend(lending, |delegation| async move { hand_over(delegation.delegation_token.expose()).await })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Of the delegation, of `run`, or of the revocation. The last one begins with "`run` has ended", and its cause is the error
    /// of the revocation: the delegation then lives until it expires, and the value of `run` is lost. What must not be lost is
    /// kept by `run` itself. When both fail, the error is that of `run`.
    pub async fn lend<T, E, F, R>(&self, lending: CreateDelegation, run: F) -> Result<T, E>
    where
        F: FnOnce(DelegationWithToken) -> R,
        R: Future<Output = Result<T, E>>,
        E: From<AgentIdPError>,
    {
        const OPERATION: Operation = Operation {
            call: "delegations.create",
            method: "POST",
            path: "/api/v1/oauth2/token/delegate",
            retry: RetryClass::Keyed,
            authentication: Authentication::Required,
            form: false,
            answering_statuses: &[],
        };
        let mut input = Input::default().body(&lending);
        // Only a token that asks for this scope by name has it.
        input.scopes = lending
            .resource
            .is_some()
            .then(|| vec!["delegations:write".to_owned()]);
        let created: DelegationWithToken = self.engine.value::<_, ()>(&OPERATION, input).await?;
        let chain_id = created.chain_id.clone();
        let chain = chain_id.clone();
        let result = run(created).await;
        let revoked = self.revoke(chain_id).await;
        let value = result?;
        match revoked {
            Ok(_) => Ok(value),
            Err(error) => Err(not_revoked(&error, &chain).into()),
        }
    }

    /// The facts of a delegation token that is valid and has the scopes.
    ///
    /// # Errors
    /// `Delegation`; `details` has `reason`: `revoked`, `expired`, `unknown` or `too_narrow`.
    pub async fn require(
        &self,
        delegation_token: impl Into<Secret>,
        scopes: &[&str],
    ) -> Result<ValidDelegation> {
        let answered = self
            .verify(VerifyDelegation::new(delegation_token))
            .with_response()
            .await?;
        let (attempts, request_id, facts) =
            (answered.attempts, answered.request_id, answered.value);
        let refuse = |details: Value, message: String| {
            let facts = ErrorFacts {
                code: "DELEGATION_NOT_VALID".to_owned(),
                message,
                details: Some(details),
                attempts,
                request_id: request_id.clone(),
                ..ErrorFacts::default()
            };
            AgentIdPError::new(ErrorKind::Delegation, facts)
        };
        let known = facts
            .chain_id
            .clone()
            .zip(facts.expires_at)
            .zip(facts.scopes.clone());
        let Some(((chain_id, expires_at), lent)) = known.filter(|_| facts.valid) else {
            let is_over = facts
                .expires_at
                .is_some_and(|end| end <= self.engine.settings().clock.now());
            let (reason, message) = match () {
                () if facts.revoked_at.is_some() => ("revoked", "The delegation is revoked."),
                () if is_over => ("expired", "The delegation has expired."),
                () => ("unknown", "The delegation is not valid."),
            };
            return Err(refuse(json!({ "reason": reason }), message.to_owned()));
        };
        let missing: Vec<&str> = scopes
            .iter()
            .copied()
            .filter(|scope| !lent.iter().any(|one| one == scope))
            .collect();
        if !missing.is_empty() {
            let message = format!("The delegation lacks {}.", missing.join(", "));
            return Err(refuse(
                json!({ "reason": "too_narrow", "missing": missing }),
                message,
            ));
        }
        Ok(ValidDelegation {
            chain_id,
            scopes: lent,
            expires_at,
            facts,
        })
    }

    /// The claims of a delegation token, **not verified**: for logs and displays. [`Delegations::require`] verifies.
    #[must_use]
    pub fn inspect(&self, delegation_token: &Secret) -> Map<String, Value> {
        let token = delegation_token.expose();
        unverified_claims(token.strip_prefix("sa_del_").unwrap_or(token))
    }
}
