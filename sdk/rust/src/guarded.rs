//! Code of the program that the library calls. Its panics end no more than what it was called for.
use std::future::{poll_fn, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::task::Poll;

/// The value of a future; none when it panicked.
pub(crate) async fn guarded<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}

/// Calls a hook. It only watches, so its panic changes no call.
pub(crate) fn hooked(hook: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(hook));
}
