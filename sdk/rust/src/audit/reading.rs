//! Reads the log in its order: what its pages say, one after the other.
use crate::clock::BoxFuture;
use crate::engine::Engine;
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::generated::api::Audit;
use crate::generated::models::{
    AuditAction, AuditEvent, AuditEventPage, AuditOrder, MissingEvents, Outcome,
};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// What a page says, in the order of the chain.
#[derive(Debug, PartialEq)]
pub(super) enum Entry {
    Event(Box<AuditEvent>),
    Missing(MissingEvents),
    /// Every event up to this sequence was there, or does not match.
    Reached(i64),
}

fn entries_of(page: AuditEventPage) -> VecDeque<Entry> {
    let mut gaps = page.missing.unwrap_or_default().into_iter().peekable();
    let mut entries = VecDeque::new();
    for event in page.data {
        while let Some(gap) = gaps.next_if(|gap| gap.from_sequence < event.sequence) {
            entries.push_back(Entry::Missing(gap));
        }
        entries.push_back(Entry::Event(Box::new(event)));
    }
    entries.extend(gaps.map(Entry::Missing));
    entries.extend(page.next_after_sequence.map(Entry::Reached));
    entries
}

impl Entry {
    pub(super) fn last_sequence(&self) -> i64 {
        match self {
            Self::Event(event) => event.sequence,
            Self::Missing(gap) => gap.to_sequence,
            Self::Reached(sequence) => *sequence,
        }
    }
}

/// What passes by itself: the log is read on from the same place.
fn is_passing(error: &AgentIdPError) -> bool {
    matches!(error.kind(), ErrorKind::Http | ErrorKind::RateLimited)
        || error.http_status() >= Some(500)
}

#[derive(Clone, Default)]
pub(super) struct Filter {
    pub(super) agent_id: Option<String>,
    pub(super) action: Option<AuditAction>,
    pub(super) outcome: Option<Outcome>,
    pub(super) target: Option<String>,
}

/// What reads the log: the sequence after which the next page begins, and how long to wait before it.
pub(super) struct Reading {
    pub(super) engine: Arc<Engine>,
    pub(super) filter: Filter,
    pub(super) after: i64,
    pub(super) interval: Duration,
    pub(super) wait: Duration,
}

impl Reading {
    async fn page(&self) -> Result<AuditEventPage> {
        let Filter {
            agent_id,
            action,
            outcome,
            target,
        } = self.filter.clone();
        let mut list = Audit::new(Arc::clone(&self.engine))
            .list()
            .order(AuditOrder::Asc)
            .after_sequence(self.after);
        if let Some(agent_id) = agent_id {
            list = list.agent_id(agent_id);
        }
        if let Some(action) = action {
            list = list.action(action);
        }
        if let Some(outcome) = outcome {
            list = list.outcome(outcome);
        }
        if let Some(target) = target {
            list = list.target(target);
        }
        list.await
    }
}

pub(super) fn more(
    mut reading: Reading,
) -> BoxFuture<'static, (Option<Result<VecDeque<Entry>>>, Reading)> {
    Box::pin(async move {
        loop {
            if !reading.wait.is_zero() {
                reading.engine.settings().clock.sleep(reading.wait).await;
            }
            match reading.page().await {
                Ok(page) => {
                    reading.wait = if page.next_cursor.is_some() {
                        Duration::ZERO
                    } else {
                        reading.interval
                    };
                    let entries = entries_of(page);
                    if let Some(last) = entries.iter().map(Entry::last_sequence).max() {
                        reading.after = reading.after.max(last);
                        return (Some(Ok(entries)), reading);
                    }
                }
                Err(error) if is_passing(&error) => {
                    let asked = Duration::from_secs(error.facts().retry_after.unwrap_or(0));
                    reading.wait = reading.interval.max(asked);
                }
                Err(error) => return (Some(Err(error)), reading),
            }
        }
    })
}
