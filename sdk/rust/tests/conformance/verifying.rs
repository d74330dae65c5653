//! The calls of scenarios that verify tokens.
use super::given::{found, Outcome};
use super::scenario::Stage;
use sentryagent_idp::verify::{ProvenRequest, TokenVerifier};
use sentryagent_idp::{ProofKey, ProofRequest, Secret};
use serde_json::{json, Value};
use std::sync::Arc;

pub fn verifier(stage: &mut Stage, audience: Option<&str>) -> Arc<TokenVerifier> {
    let url = stage.suite.url.clone();
    let audience = audience.unwrap_or(&url);
    let clock = stage.clock.clone();
    let made = || {
        Arc::new(
            TokenVerifier::builder(&url, audience)
                .clock(clock)
                .build()
                .unwrap(),
        )
    };
    Arc::clone(
        stage
            .kit
            .verifiers
            .entry(audience.to_owned())
            .or_insert_with(made),
    )
}

/// Tokens that differ only in their made-up `kid`; how many were refused.
pub async fn flood(verifier: &TokenVerifier, url: &str, count: u64) -> u64 {
    use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let mut refused = 0;
    for kid in 0..count {
        let header = part(json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid.to_string() }));
        let token = format!("{header}.{}.AAAA", part(json!({ "iss": url, "aud": url })));
        refused += u64::from(verifier.verify(token).await.is_err());
    }
    refused
}

/// Verifies a bound token with a proof of the scenario's key, for the request or, with `asMethod`, for another one.
pub async fn proven(stage: &mut Stage, input: &Value) -> Outcome {
    let text = |name: &str| input[name].as_str().unwrap().to_owned();
    let verifier = verifier(stage, None);
    let key = stage.kit.key.as_ref().unwrap();
    let (method, url, token) = (text("method"), text("url"), Secret::from(text("token")));
    let access_token = Some(token.clone());
    let request = ProofRequest {
        method: method.clone(),
        url: url.clone(),
        access_token,
        nonce: None,
        now: chrono::Utc::now(),
    };
    let proof = key.proof(request).await?;
    let method = input["asMethod"].as_str().map_or(method, str::to_owned);
    let mut last = found(&Value::Null);
    for _ in 0..input["times"].as_u64().unwrap_or(1) {
        let request = ProvenRequest {
            method: method.clone(),
            url: url.clone(),
            proof: proof.clone(),
        };
        last = found(&verifier.verify_proven(&token, &request).await?);
    }
    Ok(last)
}
