//! Bound tokens, and answers of the service about a token.
use super::*;

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
