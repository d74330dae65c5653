//! Keys that tokens are bound to (RFC 9449).
use crate::assertion::{AssertionKey, Signer};
use crate::clock::BoxFuture;
use crate::error::{AgentIdPError, Result};
use crate::settings::{ProofKey, ProofRequest};
use crate::thumbprint::{sha256, thumbprint};
use serde_json::{json, Value};
use std::fmt;
use std::sync::Arc;
use url::Url;

/// A P-256 key for [`dpop_key`](crate::ClientBuilder::dpop_key) of a client. Its tokens are of no use to a thief. Cheap to
/// clone; the clones are the same key.
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

fn is_p256(jwk: &Value) -> bool {
    let is = |name: &str, text: &str| jwk.get(name).and_then(Value::as_str) == Some(text);
    is("kty", "EC") && is("crv", "P-256")
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
    /// `Config` for another kind of key, and for one without its private part.
    pub fn from_jwk(jwk: &Value) -> Result<Self> {
        Self::of(Signer::new(AssertionKey::jwk(jwk), None)?, jwk)
    }

    /// A key that is kept elsewhere: its public JWK (P-256), and what signs with it, an [`AssertionKey::signer`] of `ES256`.
    ///
    /// # Errors
    /// `Config` for another kind of key.
    pub fn from_signer(public_jwk: &Value, signer: AssertionKey) -> Result<Self> {
        Self::of(Signer::new(signer, None)?, public_jwk)
    }

    fn of(signer: Signer, jwk: &Value) -> Result<Self> {
        let named = if is_p256(jwk) { thumbprint(jwk) } else { None };
        let Some(thumbprint) = named else {
            return Err(AgentIdPError::config("The key of proofs must be P-256."));
        };
        let public_jwk =
            json!({ "crv": jwk["crv"], "kty": jwk["kty"], "x": jwk["x"], "y": jwk["y"] });
        Ok(Self {
            signer: Arc::new(signer),
            public_jwk,
            thumbprint,
        })
    }
}

impl ProofKey for DpopKey {
    fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    fn proof(&self, request: ProofRequest) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let url = Url::parse(&request.url)
                .map_err(|_| AgentIdPError::config("The URL of the request is no URL."))?;
            let mut claims = json!({
                "jti": uuid::Uuid::new_v4().to_string(),
                "htm": request.method,
                // RFC 9449 4.2: neither query nor fragment.
                "htu": url.origin().ascii_serialization() + url.path(),
                "iat": request.now.timestamp(),
            });
            if let Some(token) = &request.access_token {
                claims["ath"] = json!(sha256(token.expose()));
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
    use crate::error::ErrorKind;
    use crate::secret::Secret;
    use aws_lc_rs::signature::{UnparsedPublicKey, ECDSA_P256_SHA256_FIXED};
    use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};

    /// The key of RFC 7515 A.3.
    fn known_jwk() -> Value {
        json!({
            "kty": "EC", "crv": "P-256", "kid": "1", "alg": "ES256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
            "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        })
    }

    fn bytes(part: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()
    }

    /// Header and claims of a proof, whose signature is of the key in its header.
    fn read(proof: &str) -> (Value, Value) {
        let (input, signature) = proof.rsplit_once('.').unwrap();
        let (header, claims) = input.split_once('.').unwrap();
        let header: Value = serde_json::from_slice(&bytes(header)).unwrap();
        let part = |name: &str| bytes(header["jwk"][name].as_str().unwrap());
        let key = UnparsedPublicKey::new(
            &ECDSA_P256_SHA256_FIXED,
            [vec![4], part("x"), part("y")].concat(),
        );
        key.verify(input.as_bytes(), &bytes(signature)).unwrap();
        (header, serde_json::from_slice(&bytes(claims)).unwrap())
    }

    fn request(access_token: Option<&str>, nonce: Option<&str>) -> ProofRequest {
        ProofRequest {
            method: "POST".to_owned(),
            url: "https://name:word@API.example.com:443/a%20b?c=d#e".to_owned(),
            access_token: access_token.map(Secret::from),
            nonce: nonce.map(str::to_owned),
            now: chrono::DateTime::from_timestamp_millis(1_795_320_402_999).unwrap(),
        }
    }

    #[tokio::test]
    async fn a_proof_has_what_rfc_9449_asks_for() {
        let key = DpopKey::from_jwk(&known_jwk()).unwrap();
        let (header, claims) = read(&key.proof(request(None, None)).await.unwrap());
        let Value::Object(jwk) = known_jwk() else {
            unreachable!()
        };
        let public: serde_json::Map<_, _> = jwk
            .into_iter()
            .filter(|(name, _)| ["kty", "crv", "x", "y"].contains(&name.as_str()))
            .collect();
        assert_eq!(
            header,
            json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": public })
        );
        let jti = claims["jti"].as_str().unwrap();
        assert_eq!(
            claims,
            json!({ "jti": jti, "htm": "POST", "htu": "https://api.example.com/a%20b", "iat": 1_795_320_402 })
        );
        // The token and its hash are those of RFC 9449 7.1.
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        let (_, bound) = read(&key.proof(request(Some(token), Some("n1"))).await.unwrap());
        assert_eq!(bound["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(bound["nonce"], "n1");
        assert_ne!(bound["jti"], claims["jti"]);
    }

    #[tokio::test]
    async fn generated_keys_and_signers_make_proofs_too() {
        let kept = DpopKey::from_jwk(&known_jwk()).unwrap();
        let signer = Arc::new(Signer::new(AssertionKey::jwk(&known_jwk()), None).unwrap());
        let sign = AssertionKey::signer("ES256", move |input| {
            let signer = signer.clone();
            async move {
                // `signed_with` signs a token, so the bytes of a proof are taken apart and given to it.
                let text = String::from_utf8(input)?;
                let (header, claims) = text.split_once('.').ok_or("no token")?;
                let header: Value = serde_json::from_slice(&bytes(header))?;
                let claims: Value = serde_json::from_slice(&bytes(claims))?;
                let signed = signer.signed_with(&header, &claims).await?;
                Ok(bytes(signed.rsplit('.').next().unwrap_or_default()))
            }
        });
        let elsewhere = DpopKey::from_signer(&known_jwk(), sign).unwrap();
        assert_eq!(elsewhere.thumbprint(), kept.thumbprint());
        assert_eq!(
            kept.thumbprint(),
            "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
        );
        read(&elsewhere.proof(request(None, None)).await.unwrap());
        let (one, two) = (DpopKey::generate().unwrap(), DpopKey::generate().unwrap());
        let (header, _) = read(&one.proof(request(None, None)).await.unwrap());
        assert_eq!(thumbprint(&header["jwk"]).unwrap(), one.thumbprint());
        assert_ne!(one.thumbprint(), two.thumbprint());
        let failing =
            AssertionKey::signer("ES256", |_| async { Err("the key service is away".into()) });
        let failing = DpopKey::from_signer(&known_jwk(), failing).unwrap();
        assert!(failing.proof(request(None, None)).await.is_err());
    }

    #[test]
    fn other_keys_are_refused_and_none_is_printed() {
        let mut public = known_jwk();
        public.as_object_mut().unwrap().remove("d");
        let ed25519 = json!({
            "kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        });
        for jwk in [&public, &ed25519, &Value::Null] {
            assert_eq!(
                DpopKey::from_jwk(jwk).unwrap_err().kind(),
                ErrorKind::Config
            );
        }
        let sign = AssertionKey::signer("ES256", |_| async { Ok(Vec::new()) });
        assert_eq!(
            DpopKey::from_signer(&ed25519, sign).unwrap_err().kind(),
            ErrorKind::Config
        );
        let shown = format!("{:?}", DpopKey::from_jwk(&known_jwk()).unwrap());
        assert_eq!(
            shown,
            r#"DpopKey { thumbprint: "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", .. }"#
        );
    }
}
