//! Verifies tokens by asking the service (RFC 7662).
use super::refuse;
use crate::client::AgentIdPClient;
use crate::clock::{BoxFuture, Clock};
use crate::error::Result;
use crate::generated::models::Introspection;
use crate::secret::Secret;
use crate::thumbprint::sha256;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const LONGEST_CACHE: Duration = Duration::from_secs(10);
const MOST_ANSWERS: usize = 1000;

type Ask = Box<dyn Fn(Secret) -> BoxFuture<'static, Result<Introspection>> + Send + Sync>;

/// Asks the service about each token, so that a revoked one is refused at once. Make one for the whole program.
pub struct Online {
    ask: Ask,
    clock: Arc<dyn Clock>,
    lifetime: Duration,
    /// By the hash of the token: the answer, and until when it is used (monotonic).
    kept: Mutex<HashMap<String, (Introspection, Duration)>>,
}

impl fmt::Debug for Online {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Online")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

impl Online {
    /// `cache` is how long an answer is used again, at most 10 seconds. A revocation is seen that much later; with zero, each
    /// token is asked for each time.
    #[must_use]
    pub fn new(client: AgentIdPClient, cache: Duration) -> Self {
        let clock = client.engine.settings().clock.clone();
        let ask = move |token: Secret| -> BoxFuture<'static, Result<Introspection>> {
            let client = client.clone();
            Box::pin(async move { client.tokens().introspect(&token).await })
        };
        Self::asking(Box::new(ask), clock, cache)
    }

    pub(super) fn asking(ask: Ask, clock: Arc<dyn Clock>, cache: Duration) -> Self {
        Self {
            ask,
            clock,
            lifetime: cache.min(LONGEST_CACHE),
            kept: Mutex::default(),
        }
    }

    fn known(&self, key: &str) -> Option<Introspection> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key)
            .filter(|(_, until)| *until > self.clock.monotonic())
            .map(|(facts, _)| facts.clone())
    }

    /// What the service says of an active token.
    ///
    /// # Errors
    /// `Auth` with `TOKEN_NOT_ACTIVE`, and the errors of the call.
    pub async fn verify(&self, token: impl Into<Secret>) -> Result<Introspection> {
        let token = token.into();
        let key = sha256(token.expose());
        let facts = match self.known(&key) {
            Some(facts) => facts,
            None => {
                let facts = (self.ask)(token).await?;
                if !self.lifetime.is_zero() {
                    let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
                    if kept.len() >= MOST_ANSWERS {
                        kept.clear();
                    }
                    kept.insert(key, (facts.clone(), self.clock.monotonic() + self.lifetime));
                }
                facts
            }
        };
        if facts.active {
            Ok(facts)
        } else {
            Err(refuse("TOKEN_NOT_ACTIVE", "The token is not active."))
        }
    }
}
