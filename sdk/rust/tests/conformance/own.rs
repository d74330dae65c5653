//! The calls of scenarios that are no generated methods of the client.
use super::given::{found, Found, Given, Outcome};
use super::scenario::Stage;
use super::verifying::{flood, proven, verifier};
use sentryagent_idp::dpop::DpopKey;
use sentryagent_idp::verify::TokenVerifier;
use sentryagent_idp::{
    AgentIdPClient, AgentIdPError, AssertionKey, ClientBuilder, Credentials, Secret, Wanted,
    Webhook,
};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The key of a scenario, and one verifier for each audience, because a verifier keeps the keys.
pub struct Kit {
    pub key: Option<DpopKey>,
    pub verifiers: HashMap<String, Arc<TokenVerifier>>,
}

impl Kit {
    pub fn new(has_key: bool) -> Self {
        Self {
            key: has_key.then(|| DpopKey::generate().unwrap()),
            verifiers: HashMap::new(),
        }
    }

    pub fn bound(&self, builder: ClientBuilder, is_bound: bool) -> ClientBuilder {
        match &self.key {
            Some(key) if is_bound => builder.dpop_key(key.clone()),
            _ => builder,
        }
    }
}

fn wanted(options: Option<&Value>) -> Wanted {
    let scopes = options.and_then(|options| options["scopes"].as_array());
    match scopes {
        Some(scopes) => {
            Wanted::default().scopes(scopes.iter().map(|scope| scope.as_str().unwrap()))
        }
        None => Wanted::default(),
    }
}

fn nothing() -> Found {
    found(&Value::Null)
}

fn new_client(given: &Given) -> Result<AgentIdPClient, AgentIdPError> {
    let kind = given.text(0);
    let fixture = given.args.get(1).cloned().unwrap_or_default();
    let id = fixture["clientId"].as_str().unwrap_or_default().to_owned();
    let url = &given.suite.url;
    match kind.as_str() {
        "secret" => AgentIdPClient::new(
            url,
            Credentials::client_secret(id, fixture["clientSecret"].as_str().unwrap()),
        ),
        "workload" => {
            let token = || async { Ok(Secret::from("eyJhbGciOiJub25lIn0.e30.")) };
            AgentIdPClient::new(url, Credentials::workload_token(id, token))
        }
        "url" => AgentIdPClient::new(fixture.as_str().unwrap(), Credentials::none()),
        "environment" => AgentIdPClient::from_env(),
        "signer" => AgentIdPClient::new(
            url,
            Credentials::private_key_jwt(id, signer(&fixture["privateKeyJwk"]), Some("1")),
        ),
        other => panic!("there is no client {other}"),
    }
}

/// A signer that is no key, as one of a key service is.
fn signer(jwk: &Value) -> AssertionKey {
    use aws_lc_rs::signature::{EcdsaKeyPair, ECDSA_P256_SHA256_FIXED_SIGNING};
    use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};
    let part = |name: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(jwk[name].as_str().unwrap())
            .unwrap()
    };
    let point = [vec![4], part("x"), part("y")].concat();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        &part("d"),
        &point,
    );
    let pair = Arc::new(pair.unwrap());
    AssertionKey::signer("ES256", move |bytes| {
        let pair = Arc::clone(&pair);
        async move {
            Ok(pair
                .sign(&aws_lc_rs::rand::SystemRandom::new(), &bytes)?
                .as_ref()
                .to_vec())
        }
    })
}

fn verified_webhook(input: &Value) -> Outcome {
    let secrets = input["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| secret.as_str().unwrap());
    let webhook = Webhook::new(secrets)?;
    let body = input["body"].as_str().unwrap();
    let headers = input["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name, value.as_str().unwrap()));
    let now = chrono::DateTime::from_timestamp(input["nowSeconds"].as_i64().unwrap(), 0).unwrap();
    let event = webhook.verify_at(body.as_bytes(), headers, now)?;
    Ok(found(&event))
}

async fn lend(client: &AgentIdPClient, given: &Given) -> Outcome {
    #[derive(Debug)]
    enum Failure {
        Thrown(&'static str),
        Library(AgentIdPError),
    }
    impl From<AgentIdPError> for Failure {
        fn from(error: AgentIdPError) -> Self {
            Self::Library(error)
        }
    }
    let lending = &given.args[0];
    let scopes = lending["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope.as_str().unwrap());
    let body = sentryagent_idp::models::CreateDelegation::new(
        lending["to"].as_str().unwrap(),
        scopes,
        lending["ttlSeconds"].as_i64().unwrap(),
    );
    let throws = given.step["run"] == "throws";
    let run = |delegation: sentryagent_idp::models::DelegationWithToken| async move {
        if throws {
            Err(Failure::Thrown("thrown by the function"))
        } else {
            Ok(delegation.chain_id)
        }
    };
    match client.delegations().lend(body, run).await {
        Ok(chain_id) => Ok(found(&chain_id)),
        Err(Failure::Thrown(message)) => Ok(found(&message)),
        Err(Failure::Library(error)) => Err(error),
    }
}

/// None for a call that is a generated method.
pub async fn called(
    stage: &mut Stage,
    client: &AgentIdPClient,
    name: &str,
    given: &Given,
) -> Option<Outcome> {
    let input = given.args.first().cloned().unwrap_or_default();
    let text = |name: &str| input[name].as_str().unwrap_or_default().to_owned();
    Some(match name {
        "client.new" => match new_client(given) {
            Ok(made) => {
                let printed = format!("{made:?}");
                stage.clients.insert(given.step["as"].as_str().unwrap_or_default().to_owned(), made);
                Ok(Found { printed, ..nothing() })
            }
            Err(error) => Err(error),
        },
        "client.actingFor" => match client.acting_for(given.text(0)) {
            Ok(acting) => {
                stage.clients.insert(given.step["as"].as_str().unwrap().to_owned(), acting);
                Ok(nothing())
            }
            Err(error) => Err(error),
        },
        "client.withResponse" => client.agents().list().limit(1).with_response().await.map(|answered| {
            let limit = answered.rate_limit.map(|one| json!({ "limit": one.limit, "remaining": one.remaining, "resetSeconds": one.reset_seconds }));
            let printed = format!("{answered:?}");
            let shown = json!({
                "status": answered.status, "requestId": answered.request_id, "attempts": answered.attempts,
                "rateLimit": limit, "value": answered.value,
            });
            Found { whole: shown.clone(), shown, printed }
        }),
        "client.request" => {
            let options = given.args.get(2).cloned().unwrap_or_default();
            let query: Vec<(String, String)> = options["query"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
                .collect();
            let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(given.text(0), "GET", "a method that this runner does not know");
            let mut call = client.request("GET", given.text(1), &query, None);
            if let Some(timeout) = options["timeoutMs"].as_u64() {
                call = call.timeout(Duration::from_millis(timeout));
            }
            given.call(call).await
        }
        "tokens.issue" => given.call(client.tokens().issue(wanted(given.args.first()))).await,
        "tokens.exchangeDelegation" => {
            given.call(client.tokens().exchange_delegation(given.text(0), wanted(given.args.get(1)))).await
        }
        "tokens.exchangeWorkload" => given.call(client.tokens().exchange_workload(given.body(0))).await,
        "tokens.introspect" => given.call(client.tokens().introspect(given.text(0))).await,
        "tokens.revoke" => given.call(client.tokens().revoke(given.text(0))).await,
        "audit.follow" => {
            let mut follow = client.audit().follow().interval(Duration::from_millis(input["intervalMs"].as_u64().unwrap()));
            if let Some(sequence) = input["fromSequence"].as_i64() {
                follow = follow.from_sequence(sequence);
            }
            given.items(follow.stream()).await
        }
        "delegations.lend" => lend(client, given).await,
        "delegations.require" => {
            let scopes = given.args.get(1).and_then(|options| options["scopes"].as_array()).cloned().unwrap_or_default();
            let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str().unwrap()).collect();
            client.delegations().require(given.text(0), &scopes).await.map(|valid| found(&valid.facts))
        }
        "webhook.verify" => verified_webhook(&input),
        "verify.offline" => {
            let audience = input["audience"].as_str();
            verifier(stage, audience).verify(text("token")).await.map(|facts| found(&facts))
        }
        "verify.byDid" => verifier(stage, None).verify_by_did(text("token")).await.map(|facts| found(&facts)),
        "verify.idToken" => {
            let audience = input["audience"].as_str();
            verifier(stage, audience).verify_id_token(text("token")).await.map(|claims| found(&claims))
        }
        "verify.flood" => {
            let refused = flood(&verifier(stage, None), &stage.suite.url, input["count"].as_u64().unwrap()).await;
            Ok(found(&json!({ "refused": refused })))
        }
        "verify.proven" => proven(stage, &input).await,
        "environment.set" => {
            for (name, value) in input.as_object().unwrap() {
                std::env::set_var(name, value.as_str().unwrap());
            }
            Ok(nothing())
        }
        _ => return None,
    })
}
