//! Gets tokens and keeps them while they live. One for all callers of a client; it can also be used alone.
mod kept;

use crate::credentials::Credentials;
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::guarded::guarded;
use crate::secret::Secret;
use crate::token::{Token, Wanted};
use crate::token_endpoint::TokenEndpoint;
use kept::{Inner, Refresh};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

/// Gets tokens and keeps them while they live. Cheap to clone; the clones share their tokens.
///
/// ```no_run
/// use sentryagent_idp::{AgentIdPClient, Credentials, Wanted};
///
/// # async fn example() -> Result<(), sentryagent_idp::AgentIdPError> {
/// let tokens = AgentIdPClient::builder()
///     .url("https://idp.example.com")
///     .credentials(Credentials::client_secret("an-agent-id", "sa_sec_example"))
///     .build_token_manager()?;
/// let token = tokens.token(Wanted::resource("https://api.example.com")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenManager(Arc<Inner>);

pub(crate) fn closed() -> AgentIdPError {
    AgentIdPError::of(ErrorKind::Config, "CLOSED", "The client is closed.")
}

/// A panic is the result of those who wait: another request for them would only panic again.
fn panicked() -> AgentIdPError {
    AgentIdPError::of(
        ErrorKind::Config,
        "CALLBACK_PANICKED",
        "A callback of the program panicked while a token was requested.",
    )
}

impl fmt::Debug for TokenManager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenManager")
            .field("credentials", &self.0.credentials)
            .finish_non_exhaustive()
    }
}

impl TokenManager {
    pub(crate) fn new(
        credentials: Credentials,
        endpoint: TokenEndpoint,
        delegation: Option<Secret>,
    ) -> Self {
        Self(Arc::new(Inner {
            credentials,
            endpoint,
            delegation,
            slots: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }))
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    pub(crate) fn endpoint(&self) -> &TokenEndpoint {
        &self.0.endpoint
    }

    /// A living token. However many ask at once, one request is sent; all of them get its result, a failure too. A caller that
    /// goes away, which is one that drops this future, takes nothing from the others.
    ///
    /// # Errors
    /// `Auth` when the credentials are refused, `Delegation` when the delegation is, `Config` with `CLOSED` when the client of
    /// these tokens is closed, and with `CALLBACK_PANICKED` when a callback of the program panicked.
    pub async fn token(&self, mut wanted: Wanted) -> Result<Token> {
        if self.0.is_closed.load(Ordering::SeqCst) {
            return Err(closed());
        }
        let settings = &self.0.endpoint.transport().settings;
        if let Some(given) = self.0.credentials.given_token().await {
            let token_type = if settings.dpop_key.is_some() {
                "DPoP"
            } else {
                "Bearer"
            };
            return Ok(Token {
                access_token: given?,
                token_type: token_type.to_owned(),
                scopes: Vec::new(),
            });
        }
        wanted.scopes = wanted.scopes.or_else(|| settings.scopes.clone());
        loop {
            let refresh = match self.living_or_refresh(&wanted) {
                Ok(token) => return Ok(token),
                Err(refresh) => refresh,
            };
            let mut outcome = refresh.outcome.clone();
            // The task can end without a result where its runtime ends; then the next in line begins another one.
            if let Ok(result) = outcome
                .wait_for(Option::is_some)
                .await
                .map(|result| result.clone())
            {
                return result.unwrap_or_else(|| Err(AgentIdPError::config("There is no token.")));
            }
        }
    }

    fn living_or_refresh(&self, wanted: &Wanted) -> Result<Token, Arc<Refresh>> {
        let now = self.0.monotonic();
        let mut slots = self.0.slots();
        let slot = slots.entry(wanted.clone()).or_default();
        let living = slot.held.clone().filter(|held| now < held.expires);
        if let Some(held) = &living {
            if now < held.refresh || now < slot.next_try {
                return Ok(held.token.clone());
            }
        }
        if let Some(running) = slot.refresh.upgrade() {
            // One that has ended is no refresh any more, unless its result is still there to be shared.
            let has_failed =
                running.outcome.borrow().is_none() && running.outcome.has_changed().is_err();
            let is_done = running.outcome.borrow().is_some();
            if !has_failed && !is_done {
                return Err(running);
            }
        }
        let (sender, outcome) = watch::channel(None);
        let inner = Arc::clone(&self.0);
        let asked = wanted.clone();
        let task = tokio::spawn(async move {
            let result = guarded(inner.refreshed(&asked, living)).await;
            let result = result.unwrap_or_else(|| Err(panicked()));
            sender.send_replace(Some(result));
        });
        let refresh = Arc::new(Refresh {
            outcome,
            task: task.abort_handle(),
        });
        slot.refresh = Arc::downgrade(&refresh);
        Err(refresh)
    }

    /// Forgets a token that was refused, if it is still the one held: others may have replaced it.
    pub(crate) async fn drop_token(&self, refused: &Token) {
        let mut dropped = Vec::new();
        for (wanted, slot) in self.0.slots().iter_mut() {
            if slot
                .held
                .as_ref()
                .is_some_and(|held| held.token == *refused)
            {
                slot.held = None;
                dropped.push(self.0.key_of(wanted));
            }
        }
        if let Some(store) = &self.0.endpoint.transport().settings.token_store {
            for key in dropped {
                store.remove(&key).await;
            }
        }
    }

    /// Gives no token any more.
    pub(crate) fn close(&self) {
        self.0.is_closed.store(true, Ordering::SeqCst);
        self.forget();
    }

    /// Forgets all tokens.
    pub fn forget(&self) {
        self.0.slots().clear();
    }
}
