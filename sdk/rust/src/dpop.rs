//! Keys that tokens are bound to (RFC 9449).
use crate::assertion::{AssertionKey, Signer};
use crate::claims::base64url;
use crate::clock::BoxFuture;
use crate::error::{AgentIdPError, Result};
use crate::settings::{ProofKey, ProofRequest};
use aws_lc_rs::digest::{digest, SHA256};
use serde_json::{json, Value};
use std::fmt;
use std::sync::Arc;
use url::Url;

/// A P-256 key for [`dpop_key`](crate::ClientBuilder::dpop_key) of a client. Its tokens are of no use to a thief.
///
/// ```
/// use sentryagent_idp::{dpop::DpopKey, AgentIdPClient, Credentials};
///
/// let client = AgentIdPClient::builder()
///     .url("https://idp.example.com")
///     .credentials(Credentials::client_secret("an-agent-id", "sa_sec_example"))
///     .dpop_key(DpopKey::generate()?)
///     .build()?;
/// # Ok::<(), sentryagent_idp::AgentIdPError>(())
/// ```
#[derive(Clone)]
pub struct DpopKey {
    signer: Arc<Signer>,
    public_jwk: Value,
    thumbprint: String,
}

impl fmt::Debug for DpopKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DpopKey")
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}

/// The RFC 7638 thumbprint of a public P-256 key: of its members in the order of their names, without spaces.
pub(crate) fn thumbprint(jwk: &Value) -> Option<String> {
    let member = |name: &str| jwk.get(name)?.as_str();
    let text = match member("kty")? {
        "EC" => json!({ "crv": member("crv")?, "kty": "EC", "x": member("x")?, "y": member("y")? }),
        "OKP" => json!({ "crv": member("crv")?, "kty": "OKP", "x": member("x")? }),
        "RSA" => json!({ "e": member("e")?, "kty": "RSA", "n": member("n")? }),
        _ => return None,
    };
    Some(base64url(digest(&SHA256, text.to_string().as_bytes())))
}

impl DpopKey {
    /// A new key, which cannot be read out of this process. Tokens that are bound to it end with it.
    ///
    /// # Errors
    /// `Config` where the machine has no random numbers.
    pub fn generate() -> Result<Self> {
        let signer = Signer::generate()?;
        let jwk = signer.public_jwk().unwrap_or_default();
        Self::of(signer, &jwk)
    }

    /// A key that was kept: a private JWK (P-256).
    ///
    /// # Errors
    /// `Config` for another kind of key.
    pub fn from_jwk(jwk: &Value) -> Result<Self> {
        Self::of(Signer::new(AssertionKey::jwk(jwk), None)?, jwk)
    }

    /// A key that is kept elsewhere: its public JWK (P-256), and what signs with it
    /// ([`AssertionKey::signer`], `ES256`).
    ///
    /// # Errors
    /// `Config` for another kind of key.
    pub fn from_signer(public_jwk: &Value, signer: AssertionKey) -> Result<Self> {
        Self::of(Signer::new(signer, None)?, public_jwk)
    }

    fn of(signer: Signer, jwk: &Value) -> Result<Self> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        match (
            member("kty"),
            member("crv"),
            member("x"),
            member("y"),
            thumbprint(jwk),
        ) {
            (Some("EC"), Some("P-256"), Some(x), Some(y), Some(thumbprint)) => {
                let public_jwk = json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y });
                Ok(Self {
                    signer: Arc::new(signer),
                    public_jwk,
                    thumbprint,
                })
            }
            _ => Err(AgentIdPError::config("The key of proofs must be P-256.")),
        }
    }
}

impl ProofKey for DpopKey {
    fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn proof(&self, request: ProofRequest) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let mut url = Url::parse(&request.url)
                .map_err(|_| AgentIdPError::config("The URL of the request is no URL."))?;
            // RFC 9449 4.2: neither query nor fragment.
            url.set_query(None);
            url.set_fragment(None);
            let mut claims = json!({
                "jti": uuid::Uuid::new_v4().to_string(),
                "htm": request.method,
                "htu": url.as_str(),
                "iat": request.now.timestamp(),
            });
            if let Some(token) = &request.access_token {
                claims["ath"] = json!(base64url(digest(&SHA256, token.expose().as_bytes())));
            }
            if let Some(nonce) = &request.nonce {
                claims["nonce"] = json!(nonce);
            }
            let header = json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": self.public_jwk });
            self.signer.signed_with(&header, &claims).await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = json!({ "kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        assert_eq!(
            thumbprint(&jwk).as_deref(),
            Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        );
    }
}
