//! Tokens and proofs that jose 6.2 made, in `made_by_jose.json`. They were issued at `NOW`.
use super::keys::Fetched;
use super::sources::service_did;
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

#[tokio::test]
async fn a_good_token_has_typed_claims() {
    let issuer = Issuer::new();
    let verified = issuer.verifier().verify(token("good")).await.unwrap();
    assert_eq!(
        (
            verified.agent_id.as_str(),
            verified.organization_id.as_str()
        ),
        (AGENT, "o")
    );
    assert_eq!(
        (verified.scopes.join(","), verified.token_id.as_str()),
        ("resume:read,resume:list".to_owned(), "t")
    );
    assert_eq!(verified.expires_at.timestamp(), NOW + 3600);
    assert_eq!(
        (
            verified.actor,
            verified.delegation_chain_id,
            verified.confirmation
        ),
        (None, None, None)
    );
    assert_eq!(verified.claims["client_id"], AGENT);
    for name in ["application", "justEarly"] {
        assert!(
            issuer.verifier().verify(token(name)).await.is_ok(),
            "{name}"
        );
    }
    let acting = issuer
        .builder(AUDIENCE)
        .required_actor("helper")
        .required_scopes(["resume:list"])
        .build()
        .unwrap();
    let verified = acting.verify(token("acting")).await.unwrap();
    assert_eq!(
        (
            verified.actor.as_deref(),
            verified.delegation_chain_id.as_deref()
        ),
        (Some("helper"), Some("c"))
    );
    assert_eq!(code(acting.verify(token("good")).await), "TOKEN_NOT_VALID");
    let writing = issuer
        .builder(AUDIENCE)
        .required_scopes(["resume:read", "resume:write"])
        .build()
        .unwrap();
    let error = writing.verify(token("good")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        ("SCOPE_MISSING", "The token lacks resume:write.")
    );
}

#[tokio::test]
async fn tokens_that_are_not_valid_are_refused() {
    let issuer = Issuer::new();
    issuer.publish(&["one", "two", "rsa", "own"]);
    let verifier = issuer.verifier();
    for name in [
        "early",
        "otherIssuer",
        "otherAudience",
        "twoAudiences",
        "typJwt",
        "noTyp",
        "jwk",
        "jku",
        "x5u",
        "x5c",
        "noKid",
        "otherKid",
        "wrongKey",
        "noScope",
        "noExp",
        "noSub",
        "crit",
        "rs256",
        "none",
        "hs256",
        "tampered",
    ] {
        let expected = "TOKEN_NOT_VALID";
        assert_eq!(code(verifier.verify(token(name)).await), expected, "{name}");
    }
    for odd in ["", "a", "a.b", "a.b.c", "..", "eyJ9.e30.AA"] {
        assert_eq!(code(verifier.verify(odd).await), "TOKEN_NOT_VALID", "{odd}");
    }
    issuer.clock.advance(119);
    verifier.verify(token("short")).await.unwrap();
    issuer.clock.advance(1);
    assert_eq!(code(verifier.verify(token("short")).await), "TOKEN_EXPIRED");
}

#[tokio::test]
async fn id_tokens_and_access_tokens_are_not_the_same() {
    let issuer = Issuer::new();
    let verifier = issuer.builder(AGENT).build().unwrap();
    for name in ["idRs256", "idEs256"] {
        assert_eq!(
            verifier.verify_id_token(token(name)).await.unwrap()["sub"],
            AGENT
        );
        assert_eq!(code(verifier.verify(token(name)).await), "TOKEN_NOT_VALID");
    }
    for name in ["idIsAccess", "idNoIat", "idTwo", "good"] {
        assert_eq!(
            code(verifier.verify_id_token(token(name)).await),
            "TOKEN_NOT_VALID",
            "{name}"
        );
    }
}

#[tokio::test]
async fn keys_are_fetched_once_again_after_their_lifetime_and_for_a_new_kid_at_most_every_30_seconds(
) {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let good = token("good");
    let (one, two, three) = tokio::join!(
        verifier.verify(&*good),
        verifier.verify(&*good),
        verifier.verify(&*good)
    );
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!((issuer.fetches(JWKS), issuer.fetches(METADATA)), (1, 1));
    issuer.publish(&["one", "two"]);
    for _ in 0..50 {
        assert_eq!(
            code(verifier.verify(token("ofTwo")).await),
            "TOKEN_NOT_VALID"
        );
    }
    assert_eq!(issuer.fetches(JWKS), 1);
    issuer.clock.advance(30);
    verifier.verify(token("ofTwo")).await.unwrap();
    verifier.verify(&*good).await.unwrap();
    assert_eq!(issuer.fetches(JWKS), 2);
    issuer.clock.advance(600);
    verifier.verify(&*good).await.unwrap();
    assert_eq!(issuer.fetches(JWKS), 3);
}

#[tokio::test]
async fn old_keys_stay_when_the_issuer_is_away() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    verifier.verify(token("good")).await.unwrap();
    issuer.stop();
    issuer.clock.advance(700);
    for _ in 0..5 {
        verifier.verify(token("good")).await.unwrap();
    }
    assert_eq!(issuer.fetches(METADATA), 2);
    let (one, two) = (issuer.verifier(), token("good"));
    let (first, second) = tokio::join!(one.verify(&*two), one.verify(&*two));
    assert_eq!(
        (code(first), code(second)),
        ("KEYS_NOT_FETCHED".to_owned(), "KEYS_NOT_FETCHED".to_owned())
    );
    assert_eq!(issuer.fetches(METADATA), 3);
}

#[tokio::test]
async fn a_caller_that_goes_away_ends_no_fetch() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    {
        let leaving = verifier.verify(token("good"));
        tokio::select! {
            biased;
            _ = leaving => panic!("the fetch yields"),
            () = std::future::ready(()) => {}
        }
    }
    verifier.verify(token("good")).await.unwrap();
    assert_eq!(issuer.fetches(METADATA), 1);
}

#[tokio::test]
async fn metadata_of_another_issuer_and_keys_of_another_host_are_refused() {
    for metadata in [
        json!({ "issuer": "https://thief.example", "jwks_uri": JWKS }),
        json!({ "issuer": ISSUER, "jwks_uri": "https://thief.example/.well-known/jwks.json" }),
        json!({ "issuer": ISSUER }),
    ] {
        let issuer = Issuer::new();
        issuer.serve(METADATA, metadata);
        assert_eq!(
            code(issuer.verifier().verify(token("good")).await),
            "TOKEN_NOT_VALID"
        );
        assert_eq!(issuer.urls.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn by_did_the_key_is_the_services_and_the_subject_is_an_id() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    for _ in 0..2 {
        assert_eq!(
            verifier
                .verify_by_did(token("good"))
                .await
                .unwrap()
                .agent_id,
            AGENT
        );
    }
    assert_eq!(*issuer.urls.lock().unwrap(), [DID]);
    for name in ["agentsOwn", "pathSub", "none"] {
        assert_eq!(
            code(verifier.verify_by_did(token(name)).await),
            "TOKEN_NOT_VALID",
            "{name}"
        );
    }
    assert_eq!(issuer.urls.lock().unwrap().len(), 1);
    let other = Issuer::new();
    other.serve(
        DID,
        json!({ "id": "did:web:thief.example", "verificationMethod": [] }),
    );
    assert_eq!(
        code(other.verifier().verify_by_did(token("good")).await),
        "TOKEN_NOT_VALID"
    );
}

#[test]
fn the_did_of_the_service_is_of_its_host_port_and_path() {
    for (base, did) in [
        ("https://idp.example.com", "did:web:idp.example.com"),
        ("http://localhost:8787", "did:web:localhost%3A8787"),
        ("https://example.com/a/idp", "did:web:example.com:a:idp"),
    ] {
        assert_eq!(service_did(base), did);
    }
}

#[tokio::test]
async fn a_bound_token_needs_its_proof_and_each_proof_is_good_once() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    assert_eq!(
        code(verifier.verify(token("boundES256")).await),
        "PROOF_MISSING"
    );
    assert_eq!(
        code(verifier.verify(token("cnfOdd")).await),
        "PROOF_MISSING"
    );
    let url = "https://api.example.com/things?x=1";
    for alg in [
        "ES256", "EdDSA", "Ed25519", "RS256", "PS256", "justOld", "query",
    ] {
        let bound = token(&format!(
            "bound{}",
            if ["justOld", "query"].contains(&alg) {
                "ES256"
            } else {
                alg
            }
        ));
        let request = asked(url, alg);
        let verified = verifier.verify_proven(&*bound, &request).await.unwrap();
        assert_eq!(
            verified.confirmation.map(|text| text.len()),
            Some(43),
            "{alg}"
        );
        assert_eq!(
            code(verifier.verify_proven(&*bound, &request).await),
            "PROOF_NOT_VALID"
        );
    }
    for name in [
        "old",
        "future",
        "otherMethod",
        "otherUrl",
        "otherHost",
        "otherToken",
        "noAth",
        "noJti",
        "noIat",
        "typ",
        "privateJwk",
        "otherKey",
        "wrongSignature",
        "EdDSA",
    ] {
        let request = asked(url, name);
        assert_eq!(
            code(
                issuer
                    .verifier()
                    .verify_proven(token("boundES256"), &request)
                    .await
            ),
            "PROOF_NOT_VALID",
            "{name}"
        );
        assert_eq!(
            code(
                issuer
                    .verifier()
                    .verify_proven(token("cnfOdd"), &request)
                    .await
            ),
            "PROOF_NOT_VALID",
            "{name}"
        );
    }
    let request = asked("/things", "ES256");
    let error = issuer
        .verifier()
        .verify_proven(token("boundES256"), &request)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn online_asks_again_after_its_cache_and_refuses_what_is_not_active() {
    let clock = Arc::new(StillClock(AtomicI64::new(NOW)));
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    let ask =
        move |_: Secret| -> BoxFuture<'static, Result<crate::generated::models::Introspection>> {
            let active = count.fetch_add(1, Ordering::SeqCst) < 2;
            Box::pin(
                async move { Ok(serde_json::from_value(json!({ "active": active })).unwrap()) },
            )
        };
    let verifier = Online::asking(Box::new(ask), clock.clone(), Duration::from_secs(60));
    verifier.verify("one").await.unwrap();
    verifier.verify("one").await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.advance(10);
    verifier.verify("one").await.unwrap();
    assert_eq!(code(verifier.verify("two").await), "TOKEN_NOT_ACTIVE");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn a_verifier_without_issuer_or_audience_is_refused() {
    for (issuer, audience) in [
        ("", AUDIENCE),
        ("http://idp.example.com", AUDIENCE),
        (ISSUER, ""),
    ] {
        assert_eq!(
            TokenVerifier::builder(issuer, audience)
                .build()
                .unwrap_err()
                .kind(),
            ErrorKind::Config
        );
    }
    assert!(TokenVerifier::builder("http://127.0.0.1:8787", AUDIENCE)
        .build()
        .is_ok());
}
