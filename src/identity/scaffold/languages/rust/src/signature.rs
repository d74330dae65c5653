//! Signatures of webhooks, by Standard Webhooks (https://www.standardwebhooks.com).

use anyhow::{ensure, Context, Result};
use base64::prelude::{Engine, BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const TOLERANCE_SECONDS: u64 = 300;

/// Verifies that deliveries were signed with one secret.
pub struct Verifier(Hmac<Sha256>);

/// The headers of a delivery.
pub struct Signed<'a> {
    pub id: &'a str,
    /// Seconds since the epoch.
    pub timestamp: &'a str,
    /// `v1,` and base64; several with a space between them while the secret is rotated.
    pub signature: &'a str,
}

impl Verifier {
    pub fn new(secret: &str) -> Result<Self> {
        let key = secret
            .strip_prefix("whsec_")
            .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok())
            .filter(|key| !key.is_empty())
            .context("WEBHOOK_SECRET is not the signingSecret of a webhook: whsec_ and base64")?;
        Ok(Self(Hmac::new_from_slice(&key)?))
    }

    /// Says why a delivery is refused. The body must be the bytes as they came.
    pub fn verify(&self, headers: &Signed, body: &[u8], now_seconds: u64) -> Result<()> {
        let Signed {
            id,
            timestamp,
            signature,
        } = headers;
        ensure!(!id.is_empty(), "webhook-id is missing");
        let sent: u64 = timestamp.parse().context("webhook-timestamp is no time")?;
        ensure!(
            now_seconds.abs_diff(sent) <= TOLERANCE_SECONDS,
            "it was not signed within the last five minutes"
        );
        let mac = self
            .0
            .clone()
            .chain_update(format!("{id}.{timestamp}."))
            .chain_update(body);
        let is_valid = signature
            .split(' ')
            .filter_map(|one| BASE64_STANDARD.decode(one.strip_prefix("v1,")?).ok())
            // Constant time.
            .any(|given| mac.clone().verify_slice(&given).is_ok());
        ensure!(is_valid, "no signature is of this secret");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Signed by another implementation of Standard Webhooks.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const SENT: u64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn accepts(body: &[u8], signature: &str, now_seconds: u64) -> bool {
        let headers = Signed {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            signature,
        };
        Verifier::new(SECRET)
            .unwrap()
            .verify(&headers, body, now_seconds)
            .is_ok()
    }

    #[test]
    fn accepts_what_is_signed() {
        assert!(accepts(BODY, SIGNATURE, SENT));
        assert!(accepts(BODY, &format!("v1,AAAA {SIGNATURE}"), SENT));
        assert!(accepts(BODY, SIGNATURE, SENT + 300));
        assert!(accepts(BODY, SIGNATURE, SENT - 300));
    }

    #[test]
    fn refuses_what_is_tampered_with_or_unsigned() {
        assert!(!accepts(b"{}", SIGNATURE, SENT));
        assert!(!accepts(BODY, &SIGNATURE.replace("v1", "v2"), SENT));
        assert!(!accepts(BODY, "", SENT));
    }

    #[test]
    fn refuses_what_is_old_or_from_the_future() {
        assert!(!accepts(BODY, SIGNATURE, SENT + 301));
        assert!(!accepts(BODY, SIGNATURE, SENT - 301));
    }

    #[test]
    fn refuses_what_is_no_secret() {
        for secret in ["", "whsec_", "whsec_*", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
            assert!(Verifier::new(secret).is_err(), "{secret:?}");
        }
    }
}
