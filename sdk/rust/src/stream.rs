//! Items that come one by one.
use crate::clock::BoxFuture;
use crate::error::Result;
use futures_core::Stream as FuturesStream;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{ready, Context, Poll};

/// Some more items and the state after them. None at the end.
pub(crate) type Step<T, State> = BoxFuture<'static, (Option<Result<VecDeque<T>>>, State)>;

trait Source<T>: Send {
    /// More items. None at the end.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<VecDeque<T>>>>;
}

struct Unfolding<T, State, Next> {
    running: Option<Step<T, State>>,
    state: Option<State>,
    next: Next,
}

impl<T, State: Send, Next: FnMut(State) -> Step<T, State> + Send> Source<T>
    for Unfolding<T, State, Next>
{
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<VecDeque<T>>>> {
        if self.running.is_none() {
            let Some(state) = self.state.take() else {
                return Poll::Ready(None);
            };
            self.running = Some((self.next)(state));
        }
        let Some(running) = &mut self.running else {
            return Poll::Ready(None);
        };
        let (items, state) = ready!(running.as_mut().poll(context));
        self.running = None;
        self.state = Some(state);
        Poll::Ready(items)
    }
}

/// Items that come one by one: a [`Stream`](futures_core::Stream), with [`Stream::next`] for programs without `futures`.
pub struct Stream<T> {
    source: Option<Box<dyn Source<T>>>,
    items: VecDeque<T>,
}

impl<T> fmt::Debug for Stream<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stream").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Stream<T> {
    pub(crate) fn unfolding<State: Send + 'static>(
        first: Step<T, State>,
        next: impl FnMut(State) -> Step<T, State> + Send + 'static,
    ) -> Self {
        let source = Unfolding {
            running: Some(first),
            state: None,
            next,
        };
        Self {
            source: Some(Box::new(source)),
            items: VecDeque::new(),
        }
    }

    /// The next item. None at the end.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    pub(crate) fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(source) = &mut self.source else {
                return Poll::Ready(None);
            };
            match ready!(source.poll_more(context)) {
                Some(Ok(items)) => self.items = items,
                Some(Err(error)) => {
                    self.source = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => self.source = None,
            }
        }
    }
}

// No item is pinned in it.
impl<T> Unpin for Stream<T> {}

impl<T: Send + 'static> FuturesStream for Stream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}
