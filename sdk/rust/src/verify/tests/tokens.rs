//! Which tokens are accepted, and what is known of them.
use super::*;

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
