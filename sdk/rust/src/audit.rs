//! The audit log, and how to follow it.
use crate::clock::BoxFuture;
use crate::engine::Engine;
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::generated::api::Audit;
use crate::generated::models::{AuditEvent, AuditEventPage, AuditOrder};
use crate::pagination::Stream;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What passes by itself: the log is read on from the same place.
fn is_passing(error: &AgentIdPError) -> bool {
    matches!(error.kind(), ErrorKind::Http | ErrorKind::RateLimited)
        || error.http_status() >= Some(500)
}

/// Where the following is: the last event that came, and how long to wait before the next look.
struct Place {
    engine: Arc<Engine>,
    after: i64,
    interval: Duration,
    wait: Duration,
}

fn more(mut place: Place) -> BoxFuture<'static, (Option<Result<VecDeque<AuditEvent>>>, Place)> {
    Box::pin(async move {
        loop {
            if !place.wait.is_zero() {
                place.engine.settings().clock.sleep(place.wait).await;
            }
            let list = Audit::new(Arc::clone(&place.engine))
                .list()
                .order(AuditOrder::Asc)
                .after_sequence(place.after);
            match list.await {
                Ok(AuditEventPage {
                    data, next_cursor, ..
                }) => {
                    place.wait = if next_cursor.is_some() {
                        Duration::ZERO
                    } else {
                        place.interval
                    };
                    if let Some(last) = data.last() {
                        place.after = last.sequence;
                        return (Some(Ok(data.into())), place);
                    }
                }
                Err(error) if is_passing(&error) => {
                    let asked = Duration::from_secs(error.facts().retry_after.unwrap_or(0));
                    place.wait = place.interval.max(asked);
                }
                Err(error) => return (Some(Err(error)), place),
            }
        }
    })
}

impl Audit {
    /// Every event from a sequence number on, in the order of the chain, each once, and new ones as they come. `interval` is how
    /// long to wait when there is nothing new. Limits and failures of the service that pass only make it late. It ends when the
    /// stream is dropped.
    ///
    /// ```no_run
    /// # async fn example(client: sentryagent_idp::AgentIdPClient) -> Result<(), sentryagent_idp::AgentIdPError> {
    /// use std::time::Duration;
    ///
    /// let mut events = client.audit().follow(1, Duration::from_secs(5));
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event?.action);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&self, from_sequence: i64, interval: Duration) -> Stream<AuditEvent> {
        let after = from_sequence.saturating_sub(1).max(0);
        let place = Place {
            engine: Arc::clone(&self.engine),
            after,
            interval,
            wait: Duration::ZERO,
        };
        Stream::unfolding(more(place), more)
    }
}
