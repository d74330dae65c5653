//! Which failed requests are sent again, and when.
use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use std::time::Duration;

/// Whether a request may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryClass {
    /// It changes nothing.
    Read,
    /// Twice is the same as once.
    Idempotent,
    /// Its `Idempotency-Key` makes twice the same as once.
    Keyed,
    /// Not after the service may have received it.
    Never,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Status(u16),
    /// Nothing was received.
    Connect,
    /// It may have been received.
    Broken,
    Timeout,
}

impl Failure {
    /// Whether the request may have been done, although no answer says so.
    pub(crate) fn is_uncertain(self) -> bool {
        matches!(self, Self::Broken | Self::Timeout | Self::Status(502..=504))
    }

    /// 429 and a failed connection repeat everything, because nothing was done. 500 repeats nothing.
    pub(crate) fn may_repeat(self, retry: RetryClass) -> bool {
        matches!(self, Self::Connect | Self::Status(429))
            || (retry != RetryClass::Never && self.is_uncertain())
    }
}

/// A longer wait is the caller's decision.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Full jitter: anything up to 0.5 s, doubled with each retry, at most 8 s. `retry` is from 1.
pub(crate) fn backoff(retry: u32, random: f64) -> Duration {
    let longest = 0.5 * f64::from(1_u32 << retry.saturating_sub(1).min(4));
    Duration::from_secs_f64(random * longest)
}

/// `Retry-After` in seconds: a number or a date (RFC 9110 10.2.3). A date counts from the `Date` of the same answer, because the
/// machine's clock can be wrong.
pub(crate) fn retry_after_seconds(headers: &HeaderMap, now: DateTime<Utc>) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |name: &str| {
        Some(
            DateTime::parse_from_rfc2822(text(name)?)
                .ok()?
                .with_timezone(&Utc),
        )
    };
    let header = text("retry-after")?;
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        return header.parse().ok();
    }
    let left = date("retry-after")? - date("date").unwrap_or(now);
    Some(u64::try_from((left.num_milliseconds() + 999).div_euclid(1000)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_doubled_up_to_eight_seconds() {
        let longest: Vec<f64> = (1..=7)
            .map(|retry| backoff(retry, 1.0).as_secs_f64())
            .collect();
        assert_eq!(longest, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]);
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::from_timestamp(784_111_770, 0).unwrap();
        for (header, seconds) in [
            ("7", Some(7)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", header.parse().unwrap());
            assert_eq!(retry_after_seconds(&headers, now), seconds, "{header}");
        }
    }

    #[test]
    fn a_date_counts_from_the_date_of_the_answer() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "retry-after",
            "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap(),
        );
        headers.insert("date", "Sun, 06 Nov 1994 08:49:07 GMT".parse().unwrap());
        assert_eq!(
            retry_after_seconds(&headers, DateTime::from_timestamp(0, 0).unwrap()),
            Some(30)
        );
    }

    #[test]
    fn what_may_have_been_done_is_not_repeated_for_never() {
        use RetryClass::{Idempotent, Keyed, Never, Read};
        for failure in [
            Failure::Broken,
            Failure::Timeout,
            Failure::Status(502),
            Failure::Status(503),
            Failure::Status(504),
        ] {
            assert!(!failure.may_repeat(Never));
            assert!([Read, Idempotent, Keyed]
                .into_iter()
                .all(|retry| failure.may_repeat(retry)));
        }
        assert!(Failure::Connect.may_repeat(Never) && Failure::Status(429).may_repeat(Never));
        assert!(!Failure::Status(500).may_repeat(Read) && !Failure::Status(409).may_repeat(Read));
    }
}
