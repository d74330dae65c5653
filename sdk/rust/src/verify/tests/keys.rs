//! Where keys come from, and how often they are fetched.
use super::*;
use crate::verify::sources::service_did;

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
