//! The tokens that are kept, and how each is got.
use crate::claims::unverified_claims;
use crate::credentials::Credentials;
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::secret::Secret;
use crate::token::{StoredToken, Token, Wanted};
use crate::token_endpoint::{Grant, TokenEndpoint};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;

#[derive(Clone)]
pub(super) struct Held {
    pub(super) token: Token,
    /// Monotonic.
    pub(super) expires: Duration,
    pub(super) refresh: Duration,
}

pub(super) type Outcome = Option<Result<Token>>;

/// A request that runs. It is ended when nobody waits for it any more, which is when the last one drops it.
pub(super) struct Refresh {
    pub(super) outcome: watch::Receiver<Outcome>,
    pub(super) task: AbortHandle,
}

impl Drop for Refresh {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[derive(Default)]
pub(super) struct Slot {
    pub(super) held: Option<Held>,
    pub(super) refresh: Weak<Refresh>,
    /// No early refresh before this, because the last one failed.
    pub(super) next_try: Duration,
}

pub(super) struct Inner {
    pub(super) credentials: Credentials,
    pub(super) endpoint: TokenEndpoint,
    /// A delegation that every token is exchanged for.
    pub(super) delegation: Option<Secret>,
    pub(super) slots: Mutex<HashMap<Wanted, Slot>>,
    pub(super) is_closed: AtomicBool,
}

/// Of a lifetime: from when on the token is refreshed, after it was requested.
fn fresh(lifetime: Duration) -> Duration {
    lifetime
        - if lifetime < Duration::from_secs(240) {
            lifetime / 4
        } else {
            Duration::from_secs(60)
        }
}

/// Whether an early refresh may fail with this and the living token be used.
fn is_passing(error: &AgentIdPError) -> bool {
    matches!(error.kind(), ErrorKind::Http | ErrorKind::RateLimited)
        || error.http_status() >= Some(500)
}

/// Time from the issuance of a token to the end of the delegation, both by the service's clock.
fn left_of(delegation: &Secret, token: &Secret) -> Option<Duration> {
    let seconds =
        |token: &Secret, name: &str| unverified_claims(token.expose()).get(name)?.as_i64();
    let left = seconds(delegation, "exp")? - seconds(token, "iat")?;
    Some(Duration::from_secs(u64::try_from(left).unwrap_or(0)))
}

impl Inner {
    pub(super) fn slots(&self) -> MutexGuard<'_, HashMap<Wanted, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn monotonic(&self) -> Duration {
        self.endpoint.transport().clock().monotonic()
    }

    /// Names the token, for a store.
    pub(super) fn key_of(&self, wanted: &Wanted) -> String {
        let settings = &self.endpoint.transport().settings;
        // The id of the delegation, which is no secret.
        let chain = self
            .delegation
            .as_ref()
            .map(|token| unverified_claims(token.expose()));
        let chain = chain
            .as_ref()
            .and_then(|claims| claims.get("jti")?.as_str())
            .unwrap_or_default();
        let scopes = wanted
            .scopes
            .as_ref()
            .map(|scopes| scopes.join(" "))
            .unwrap_or_default();
        let resource = wanted.resource.as_deref().unwrap_or_default();
        let thumbprint = settings
            .dpop_key
            .as_ref()
            .map(|key| key.thumbprint().to_owned())
            .unwrap_or_default();
        [
            self.endpoint.issuer(),
            self.credentials.client_id(),
            &scopes,
            resource,
            &thumbprint,
            chain,
        ]
        .join("|")
    }

    async fn loaded(&self, key: &str) -> Option<Held> {
        let transport = self.endpoint.transport();
        let StoredToken { token, expires_at } =
            transport.settings.token_store.as_ref()?.load(key).await?;
        let left = (expires_at - transport.clock().now()).to_std().ok()?;
        let margin = Duration::from_secs(60);
        let expires = self.monotonic() + left;
        (left >= margin).then(|| Held {
            token,
            expires,
            refresh: expires - margin,
        })
    }

    async fn requested(&self, key: &str, wanted: &Wanted, may_retry: bool) -> Result<Held> {
        let grant = match &self.delegation {
            Some(delegation) => Grant::delegation(delegation),
            None => Grant::client(),
        };
        let grant = grant.wanted(wanted);
        // The living token is there for those who wait: no repetition keeps them.
        let max_retries = (!may_retry).then_some(0);
        let (answered, sent) = self
            .endpoint
            .issue(&self.credentials, &grant, max_retries)
            .await?;
        let value = answered.value;
        let mut lifetime = Duration::from_secs(u64::try_from(value.expires_in).unwrap_or(0));
        if let Some(left) = self
            .delegation
            .as_ref()
            .and_then(|one| left_of(one, &value.access_token))
        {
            lifetime = lifetime.min(left);
        }
        let token = Token {
            access_token: value.access_token,
            token_type: value.token_type.as_str().to_owned(),
            scopes: value.scope.split_whitespace().map(str::to_owned).collect(),
        };
        let transport = self.endpoint.transport();
        if let Some(store) = &transport.settings.token_store {
            let expires_at = TimeDelta::from_std(lifetime)
                .ok()
                .and_then(|lifetime| transport.clock().now().checked_add_signed(lifetime))
                .unwrap_or(DateTime::<Utc>::MAX_UTC);
            store
                .save(
                    key,
                    StoredToken {
                        token: token.clone(),
                        expires_at,
                    },
                )
                .await;
        }
        Ok(Held {
            token,
            expires: sent.saturating_add(lifetime),
            refresh: sent.saturating_add(fresh(lifetime)),
        })
    }

    /// Gets a token and keeps it. An early refresh that fails for a passing reason gives the living one.
    pub(super) async fn refreshed(&self, wanted: &Wanted, living: Option<Held>) -> Result<Token> {
        let key = self.key_of(wanted);
        let loaded = if living.is_none() {
            self.loaded(&key).await
        } else {
            None
        };
        let result = match loaded {
            Some(held) => Ok(held),
            None => self.requested(&key, wanted, living.is_none()).await,
        };
        let now = self.monotonic();
        let mut slots = self.slots();
        let slot = slots.entry(wanted.clone()).or_default();
        match result {
            Ok(held) => {
                slot.held = Some(held.clone());
                Ok(held.token)
            }
            Err(error) => {
                // Only while it is the one held: a token that was refused meanwhile is not given out again.
                let same = |held: &Held| {
                    slot.held
                        .as_ref()
                        .is_some_and(|known| known.token == held.token)
                };
                match living.filter(|held| same(held) && now < held.expires) {
                    Some(held) if is_passing(&error) => {
                        slot.next_try = now + Duration::from_secs(5);
                        Ok(held.token)
                    }
                    _ => Err(error),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_token_is_used_for_three_quarters_of_its_life() {
        let seconds = |lifetime| fresh(Duration::from_secs(lifetime)).as_secs_f64();
        assert_eq!(
            [seconds(3600), seconds(240), seconds(90)],
            [3540.0, 180.0, 67.5]
        );
    }
}
