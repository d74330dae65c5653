//! Tokens and proofs that jose 6.2 made, in `made_by_jose.json`. They were issued at `NOW`.
mod keys;
mod proofs;
mod tokens;

use super::keys::Fetched;
use super::*;
use crate::clock::BoxFuture;
use serde_json::json;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

const NOW: i64 = 1_795_320_402;
const ISSUER: &str = "https://idp.example.com";
const AUDIENCE: &str = "https://api.example.com";
const AGENT: &str = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";
const METADATA: &str = "https://idp.example.com/.well-known/oauth-authorization-server";
const JWKS: &str = "https://idp.example.com/.well-known/jwks.json";
const DID: &str = "https://idp.example.com/agents/0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10/did.json";

struct StillClock(AtomicI64);

impl StillClock {
    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.0.load(Ordering::SeqCst), 0).unwrap()
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst).unsigned_abs())
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn random(&self) -> f64 {
        0.0
    }
}

fn made() -> Value {
    serde_json::from_str(include_str!("made_by_jose.json")).unwrap()
}

fn token(name: &str) -> String {
    made()["tokens"][name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}"))
        .to_owned()
}

fn asked(url: &str, proof: &str) -> ProvenRequest {
    let proof = made()["proofs"][proof]
        .as_str()
        .unwrap_or_else(|| panic!("{proof}"))
        .to_owned();
    ProvenRequest {
        method: "GET".to_owned(),
        url: url.to_owned(),
        proof,
    }
}

/// An issuer whose documents can be changed, and which keeps what it was asked for.
struct Issuer {
    clock: Arc<StillClock>,
    documents: Arc<Mutex<HashMap<String, Value>>>,
    urls: Arc<Mutex<Vec<String>>>,
}

impl Issuer {
    fn new() -> Self {
        let issuer = Self {
            clock: Arc::new(StillClock(AtomicI64::new(NOW))),
            documents: Arc::default(),
            urls: Arc::default(),
        };
        issuer.serve(METADATA, json!({ "issuer": ISSUER, "jwks_uri": JWKS }));
        issuer.publish(&["one", "rsa"]);
        let did = "did:web:idp.example.com:agents:0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";
        let method = |kid: &str, controller: &str, key: &str| json!({ "id": format!("{did}#{kid}"), "controller": controller, "publicKeyJwk": made()["keys"][key] });
        let methods = [
            method("key-1", did, "own"),
            method("1", "did:web:idp.example.com", "one"),
            json!({ "id": 7 }),
        ];
        issuer.serve(DID, json!({ "id": did, "verificationMethod": methods }));
        issuer
    }

    fn serve(&self, url: &str, document: Value) {
        self.documents
            .lock()
            .unwrap()
            .insert(url.to_owned(), document);
    }

    fn publish(&self, names: &[&str]) {
        let mut keys: Vec<Value> = names
            .iter()
            .map(|name| made()["keys"][name].clone())
            .collect();
        // Odd members of a set are left out, and harm nothing.
        keys.extend([
            json!({ "kty": "new", "kid": "x" }),
            json!({ "kid": 7 }),
            Value::Null,
        ]);
        self.serve(JWKS, json!({ "keys": keys }));
    }

    fn stop(&self) {
        self.documents.lock().unwrap().clear();
    }

    fn fetches(&self, url: &str) -> usize {
        self.urls
            .lock()
            .unwrap()
            .iter()
            .filter(|one| *one == url)
            .count()
    }

    fn builder(&self, audience: &str) -> VerifierBuilder {
        let (documents, urls) = (self.documents.clone(), self.urls.clone());
        let fetch: Fetch = Arc::new(move |url| {
            let (documents, urls) = (documents.clone(), urls.clone());
            Box::pin(async move {
                urls.lock().unwrap().push(url.clone());
                // Others run meanwhile.
                tokio::task::yield_now().await;
                let document = documents.lock().unwrap().get(&url).cloned();
                let value = document.ok_or_else(|| {
                    AgentIdPError::of(ErrorKind::Http, "KEYS_NOT_FETCHED", "away")
                })?;
                Ok(Fetched {
                    value,
                    lifetime: Duration::from_secs(600),
                })
            })
        });
        TokenVerifier::builder(ISSUER, audience)
            .clock(self.clock.clone())
            .fetch(fetch)
    }

    fn verifier(&self) -> TokenVerifier {
        self.builder(AUDIENCE).build().unwrap()
    }
}

fn code<T: fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    assert!(!format!("{error:?}").contains("eyJ"), "{error:?}");
    error.code().to_owned()
}
