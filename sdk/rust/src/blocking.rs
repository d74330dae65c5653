//! Runs calls for programs without a runtime.
use std::future::Future;
use std::sync::OnceLock;
use tokio::runtime::{Builder, Runtime};

/// One runtime for all calls, because connections and refreshes belong to it.
static RUNTIME: OnceLock<Runtime> = OnceLock::new();

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a thread can be started")
    });
    runtime.block_on(future)
}
