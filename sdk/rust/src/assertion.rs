//! Signs client assertions (RFC 7523), or has a callback sign where the key is kept elsewhere.
mod pair;

use crate::claims::base64url;
use crate::clock::BoxFuture;
use crate::credentials::{signing_input, CallbackError};
use crate::error::{AgentIdPError, ErrorKind, Result};
use crate::secret::Secret;
#[cfg(feature = "dpop")]
use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair, ECDSA_P256_SHA256_FIXED_SIGNING};
use pair::{jwk_pair, pem_pair, Pair};
use serde_json::{json, Value};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

type SignCallback =
    Arc<dyn Fn(Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, CallbackError>> + Send + Sync>;

/// A private key, or what signs in its place.
#[derive(Clone)]
pub struct AssertionKey(Form);

#[derive(Clone)]
enum Form {
    Jwk(Secret),
    Pem(Secret),
    Signer(String, SignCallback),
}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AssertionKey([redacted])")
    }
}

impl AssertionKey {
    /// A private JWK (RFC 7517): P-256, Ed25519 or RSA.
    #[must_use]
    pub fn jwk(jwk: &Value) -> Self {
        Self(Form::Jwk(Secret::from(jwk.to_string())))
    }

    /// PKCS#8 in PEM (`-----BEGIN PRIVATE KEY-----`): P-256, Ed25519 or RSA.
    #[must_use]
    pub fn pem(pem: impl Into<Secret>) -> Self {
        Self(Form::Pem(pem.into()))
    }

    /// What signs the bytes, such as a key service. `algorithm` is `ES256`, `EdDSA`, `RS256` or `PS256`; signatures of `ES256`
    /// are `r` and `s`, 32 bytes each (RFC 7518 3.4).
    pub fn signer<F, R>(algorithm: &str, sign: F) -> Self
    where
        F: Fn(Vec<u8>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Vec<u8>, CallbackError>> + Send + 'static,
    {
        Self(Form::Signer(
            algorithm.to_owned(),
            Arc::new(move |bytes| Box::pin(sign(bytes))),
        ))
    }
}

enum Signing {
    Pair(Box<Pair>),
    Callback(SignCallback),
}

pub(crate) struct Signer {
    signing: Signing,
    algorithm: String,
    kid: Option<String>,
}

impl Signer {
    pub(crate) fn new(key: AssertionKey, kid: Option<&str>) -> Result<Self> {
        let refuse = || {
            AgentIdPError::config(
                "The key cannot be read: it must be a private P-256, Ed25519 or RSA key.",
            )
        };
        let mut kid = kid.map(str::to_owned);
        let pair = match key.0 {
            Form::Signer(algorithm, sign) => {
                return Ok(Self {
                    signing: Signing::Callback(sign),
                    algorithm,
                    kid,
                })
            }
            Form::Pem(pem) => pem_pair(pem.expose()),
            Form::Jwk(text) => {
                let jwk: Value = serde_json::from_str(text.expose()).map_err(|_| refuse())?;
                kid = kid.or_else(|| jwk.get("kid")?.as_str().map(str::to_owned));
                jwk_pair(&jwk)
            }
        };
        Ok(Self::of(pair.ok_or_else(refuse)?, kid))
    }

    fn of(pair: Pair, kid: Option<String>) -> Self {
        Self {
            algorithm: pair.algorithm().to_owned(),
            signing: Signing::Pair(Box::new(pair)),
            kid,
        }
    }

    /// A new P-256 key.
    #[cfg(feature = "dpop")]
    pub(crate) fn generate() -> Result<Self> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map(|pair| Self::of(Pair::Ecdsa(pair), None))
            .map_err(|_| AgentIdPError::config("This machine has no random numbers."))
    }

    /// The public key, where it is a P-256 key of this process.
    #[cfg(feature = "dpop")]
    pub(crate) fn public_jwk(&self) -> Option<Value> {
        let Signing::Pair(pair) = &self.signing else {
            return None;
        };
        let Pair::Ecdsa(pair) = &**pair else {
            return None;
        };
        let point = pair.public_key().as_ref();
        let (x, y) = (base64url(&point[1..33]), base64url(&point[33..65]));
        Some(json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y }))
    }

    pub(crate) async fn signed(&self, claims: &Value) -> Result<String> {
        let mut header = json!({ "alg": self.algorithm, "typ": "JWT" });
        if let Some(kid) = &self.kid {
            header["kid"] = json!(kid);
        }
        self.signed_with(&header, claims).await
    }

    pub(crate) async fn signed_with(&self, header: &Value, claims: &Value) -> Result<String> {
        let input = signing_input(header, claims);
        let signature = match &self.signing {
            Signing::Pair(pair) => pair
                .sign(input.as_bytes())
                .ok_or_else(|| AgentIdPError::config("The key did not sign."))?,
            Signing::Callback(sign) => {
                let failed = |cause| {
                    let message = "The key did not sign: its callback failed.";
                    AgentIdPError::caused(ErrorKind::Config, "CONFIGURATION", message, cause)
                };
                sign(input.clone().into_bytes()).await.map_err(failed)?
            }
        };
        Ok(format!("{input}.{}", base64url(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::pair::member;
    use super::*;
    use aws_lc_rs::signature::{UnparsedPublicKey, ED25519};
    use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};

    #[tokio::test]
    async fn the_key_of_rfc_8037_signs_as_there() {
        let jwk = json!({
            "kty": "OKP", "crv": "Ed25519", "kid": "one",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        let signer = Signer::new(AssertionKey::jwk(&jwk), None).unwrap();
        let token = signer.signed(&json!({ "sub": "1" })).await.unwrap();
        let (input, signature) = token.rsplit_once('.').unwrap();
        let header = BASE64_URL_SAFE_NO_PAD
            .decode(input.split('.').next().unwrap())
            .unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&header).unwrap(),
            json!({ "alg": "EdDSA", "typ": "JWT", "kid": "one" })
        );
        let key = UnparsedPublicKey::new(&ED25519, member(&jwk, "x").unwrap());
        key.verify(
            input.as_bytes(),
            &BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap(),
        )
        .unwrap();
    }

    #[test]
    fn a_public_or_broken_key_is_refused() {
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        for key in [
            AssertionKey::jwk(&public),
            AssertionKey::jwk(&json!({ "kty": "oct", "k": "AA" })),
            AssertionKey::pem("no pem"),
        ] {
            assert!(matches!(
                Signer::new(key, None),
                Err(AgentIdPError::Config(_))
            ));
        }
    }
}
