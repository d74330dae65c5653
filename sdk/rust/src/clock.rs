//! Time and chance, so that tests can hold them still.
use chrono::{DateTime, Utc};
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// A future that is kept.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Time and chance. Tests give a client their own.
pub trait Clock: Send + Sync {
    /// The time of this machine. Only for what the service compares with its own clock, never for the age of a token.
    fn now(&self) -> DateTime<Utc>;
    /// The time since any moment; a change of the system's time does not change it.
    fn monotonic(&self) -> Duration;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
    /// From 0 up to 1.
    fn random(&self) -> f64;
}

/// The clock of the machine.
#[derive(Debug)]
pub(crate) struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random(&self) -> f64 {
        // The last 32 bits of a UUIDv4 are random.
        let bits = (uuid::Uuid::new_v4().as_u128() & u128::from(u32::MAX)) as u32;
        f64::from(bits) / (f64::from(u32::MAX) + 1.0)
    }
}
