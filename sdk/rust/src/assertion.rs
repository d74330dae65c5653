//! Signs client assertions (RFC 7523), or has a callback sign where the key is kept elsewhere.
use crate::claims::base64url;
use crate::clock::BoxFuture;
use crate::credentials::{signing_input, CallbackError};
use crate::error::{AgentIdPError, Result};
use crate::secret::Secret;
use aws_lc_rs::rand::SystemRandom;
#[cfg(feature = "dpop")]
use aws_lc_rs::signature::KeyPair;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair, ECDSA_P256_SHA256_FIXED_SIGNING, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256,
};
use base64::prelude::{Engine as _, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
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

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, bool),
}

impl Pair {
    fn algorithm(&self) -> &'static str {
        match self {
            Self::Ecdsa(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
            Self::Rsa(_, false) => "RS256",
            Self::Rsa(_, true) => "PS256",
        }
    }

    fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(pair) => Some(pair.sign(&random, bytes).ok()?.as_ref().to_vec()),
            Self::Ed25519(pair) => Some(pair.sign(bytes).as_ref().to_vec()),
            Self::Rsa(pair, is_pss) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &dyn aws_lc_rs::signature::RsaEncoding = if *is_pss {
                    &RSA_PSS_SHA256
                } else {
                    &RSA_PKCS1_SHA256
                };
                pair.sign(padding, &random, bytes, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

/// An integer, or a sequence, of DER (X.690 8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..=127 => bytes.push(length as u8),
        length => {
            let digits: Vec<u8> = length
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            bytes.push(0x80 | digits.len() as u8);
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

fn member(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()
}

/// `RSAPrivateKey` of RFC 8017 A.1.2.
fn rsa_pair(jwk: &Value) -> Option<RsaKeyPair> {
    let mut content = der(2, &[0]);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        let mut digits: Vec<u8> = member(jwk, name)?
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        // A first bit of 1 would be a minus.
        if digits.first().is_none_or(|byte| *byte >= 0x80) {
            digits.insert(0, 0);
        }
        content.extend(der(2, &digits));
    }
    RsaKeyPair::from_der(&der(0x30, &content)).ok()
}

fn jwk_pair(jwk: &Value) -> Option<Pair> {
    let alg = jwk.get("alg").and_then(Value::as_str);
    match (
        jwk.get("kty")?.as_str()?,
        jwk.get("crv").and_then(Value::as_str),
    ) {
        ("EC", Some("P-256")) => {
            let point = [vec![4], member(jwk, "x")?, member(jwk, "y")?].concat();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &member(jwk, "d")?,
                &point,
            );
            Some(Pair::Ecdsa(pair.ok()?))
        }
        ("OKP", Some("Ed25519")) => {
            let pair =
                Ed25519KeyPair::from_seed_and_public_key(&member(jwk, "d")?, &member(jwk, "x")?);
            Some(Pair::Ed25519(pair.ok()?))
        }
        ("RSA", _) => Some(Pair::Rsa(rsa_pair(jwk)?, alg == Some("PS256"))),
        _ => None,
    }
}

/// The form names the kind of key; the one algorithm that fits reads it.
fn pem_pair(pem: &str) -> Option<Pair> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (base64, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let bytes = BASE64_STANDARD
        .decode(base64.split_whitespace().collect::<String>())
        .ok()?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes)
        .map(Pair::Ecdsa)
        .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes).map(Pair::Ed25519))
        .or_else(|_| RsaKeyPair::from_pkcs8(&bytes).map(|pair| Pair::Rsa(pair, false)))
        .ok()
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
            Signing::Pair(pair) => pair.sign(input.as_bytes()),
            Signing::Callback(sign) => sign(input.clone().into_bytes()).await.ok(),
        };
        let signature = signature.ok_or_else(|| AgentIdPError::config("The key did not sign."))?;
        Ok(format!("{input}.{}", base64url(signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{UnparsedPublicKey, ED25519};

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
