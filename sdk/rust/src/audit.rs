//! Follows the audit log.
mod reading;

use crate::engine::Engine;
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind, Result};
use crate::generated::api::Audit;
use crate::generated::models::{AuditAction, AuditEvent, MissingEvents, Outcome};
use crate::stream::Stream;
use futures_core::Stream as FuturesStream;
use reading::{more, Entry, Filter, Reading};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{ready, Context, Poll};
use std::time::Duration;

fn refused(gap: &MissingEvents) -> AgentIdPError {
    let (first, last) = (gap.from_sequence, gap.to_sequence);
    let facts = ErrorFacts {
        code: "AUDIT_EVENTS_MISSING".to_owned(),
        message: format!(
            "The audit log has lost the events {first} to {last}. `on_missing` goes on after them."
        ),
        details: Some(serde_json::json!({ "fromSequence": first, "toSequence": last })),
        ..ErrorFacts::default()
    };
    AgentIdPError::new(ErrorKind::Api, facts)
}

type OnMissing = Box<dyn FnMut(&MissingEvents) + Send>;

/// How to follow the audit log: [`Audit::follow`] makes it, [`Follow::stream`] begins.
#[must_use = "the log is followed by its stream"]
pub struct Follow {
    engine: Arc<Engine>,
    filter: Filter,
    from_sequence: i64,
    interval: Duration,
    on_missing: Option<OnMissing>,
}

impl fmt::Debug for Follow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Follow")
            .field("from_sequence", &self.from_sequence)
            .finish_non_exhaustive()
    }
}

impl Follow {
    /// The first event, included. Unset, or 1: the oldest one that is kept.
    pub fn from_sequence(mut self, sequence: i64) -> Self {
        self.from_sequence = sequence.max(1);
        self
    }

    /// How long to wait when there is nothing new; 5 seconds.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Called with the first and the last sequence of events that the log has lost, before the events after them. Unset: the
    /// stream ends there with `AUDIT_EVENTS_MISSING`. With a filter the service knows only of accepted gaps.
    pub fn on_missing(mut self, call: impl FnMut(&MissingEvents) + Send + 'static) -> Self {
        self.on_missing = Some(Box::new(call));
        self
    }

    /// Events that are about this agent.
    pub fn agent_id(mut self, agent_id: impl Into<String>) -> Self {
        self.filter.agent_id = Some(agent_id.into());
        self
    }

    /// Events with this action.
    pub fn action(mut self, action: impl Into<AuditAction>) -> Self {
        self.filter.action = Some(action.into());
        self
    }

    /// Events with this outcome.
    pub fn outcome(mut self, outcome: impl Into<Outcome>) -> Self {
        self.filter.outcome = Some(outcome.into());
        self
    }

    /// Events whose `target` is exactly this.
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.filter.target = Some(target.into());
        self
    }

    /// The events. Nothing is sent before the first one is awaited.
    pub fn stream(self) -> Following {
        let reading = Reading {
            engine: self.engine,
            filter: self.filter,
            after: self.from_sequence - 1,
            interval: self.interval,
            wait: Duration::ZERO,
        };
        Following {
            entries: Stream::unfolding(more(reading), more),
            next_sequence: self.from_sequence,
            on_missing: self.on_missing,
            is_ended: false,
        }
    }
}

/// The events of the audit log, as they come. It ends when it is dropped, or after an error.
pub struct Following {
    entries: Stream<Entry>,
    next_sequence: i64,
    on_missing: Option<OnMissing>,
    is_ended: bool,
}

impl fmt::Debug for Following {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Following")
            .field("next_sequence", &self.next_sequence)
            .finish_non_exhaustive()
    }
}

impl Following {
    /// The `from_sequence` for a program that goes on later: the one after all events that were given or that `on_missing` got.
    /// With a filter it also passes the events that do not match.
    #[must_use]
    pub fn next_sequence(&self) -> i64 {
        self.next_sequence
    }

    /// The next event. None after an error.
    pub async fn next(&mut self) -> Option<Result<AuditEvent>> {
        poll_fn(|context| self.poll_event(context)).await
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<AuditEvent>>> {
        while !self.is_ended {
            let Some(entry) = ready!(self.entries.poll_item(context)) else {
                break;
            };
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return self.ended_with(error),
            };
            if let (Entry::Missing(gap), None) = (&entry, &self.on_missing) {
                return self.ended_with(refused(gap));
            }
            self.next_sequence = self.next_sequence.max(entry.last_sequence() + 1);
            match (entry, &mut self.on_missing) {
                (Entry::Event(event), _) => return Poll::Ready(Some(Ok(*event))),
                (Entry::Missing(gap), Some(call)) => call(&gap),
                _ => {}
            }
        }
        Poll::Ready(None)
    }

    fn ended_with(&mut self, error: AgentIdPError) -> Poll<Option<Result<AuditEvent>>> {
        self.is_ended = true;
        Poll::Ready(Some(Err(error)))
    }
}

impl FuturesStream for Following {
    type Item = Result<AuditEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_event(context)
    }
}

impl Audit {
    /// Every event, in the order of the chain, each once, and new ones as they come. Limits and failures of the service that
    /// pass only make it late.
    ///
    /// # Errors
    /// Of an item: `NotFound` with `AUDIT_EVENTS_REMOVED` when the retention of events after `from_sequence` has ended;
    /// `details.firstSequence` is the first one that is kept. `Api` with `VALIDATION_ERROR` for a `from_sequence` after the next
    /// event, which only a log can get that has lost its end, and with `AUDIT_EVENTS_MISSING` for lost events without
    /// `on_missing`; `details` has `fromSequence` and `toSequence`.
    ///
    /// ```no_run
    /// # fn saved_position() -> i64 { 1 }
    /// # fn save_position(_: i64) {}
    /// # async fn example(client: sentryagent_idp::AgentIdPClient) -> Result<(), sentryagent_idp::AgentIdPError> {
    /// let mut events = client
    ///     .audit()
    ///     .follow()
    ///     .from_sequence(saved_position())
    ///     .on_missing(|gap| eprintln!("The events {} to {} are lost.", gap.from_sequence, gap.to_sequence))
    ///     .stream();
    /// while let Some(event) = events.next().await {
    ///     println!("{}", event?.action);
    ///     save_position(events.next_sequence());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn follow(&self) -> Follow {
        Follow {
            engine: Arc::clone(&self.engine),
            filter: Filter::default(),
            from_sequence: 1,
            interval: Duration::from_secs(5),
            on_missing: None,
        }
    }
}
