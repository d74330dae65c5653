//! One scenario: its steps, and what it expects of the results and the traffic.
use super::given::{Given, Outcome, Suite, SuiteClock};
use super::{calls, expect, own};
use sentryagent_idp::{AgentIdPClient, AssertionKey, Credentials};
use serde_json::{json, Map, Value};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The value at `name.field` of what the scenario knows.
fn read<'a>(names: &'a Map<String, Value>, path: &str) -> &'a Value {
    let mut parts = path.split('.');
    let first = parts
        .next()
        .and_then(|name| names.get(name))
        .unwrap_or(&Value::Null);
    parts.fold(first, |value, part| &value[part])
}

/// `${name.field}`: the value itself where that is the whole text.
pub fn filled(value: &Value, names: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => {
            if let Some(path) = text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
                .filter(|path| !path.contains("${"))
            {
                return read(names, path).clone();
            }
            let mut whole = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once("${") {
                let (path, after) = after.split_once('}').expect("a name ends");
                whole += before;
                whole += read(names, path)
                    .as_str()
                    .unwrap_or_else(|| panic!("{path} is no text"));
                rest = after;
            }
            json!(whole + rest)
        }
        Value::Array(items) => items.iter().map(|item| filled(item, names)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), filled(value, names)))
            .collect(),
        _ => value.clone(),
    }
}

/// What a scenario has made so far.
pub struct Stage {
    pub suite: Arc<Suite>,
    pub clock: Arc<SuiteClock>,
    pub names: Map<String, Value>,
    pub clients: std::collections::HashMap<String, AgentIdPClient>,
    pub kit: own::Kit,
    /// Everything that a log could have: clients, results, errors, hook events.
    pub printed: Arc<Mutex<Vec<String>>>,
}

fn credentials_of(scenario: &Value, names: &Map<String, Value>) -> Credentials {
    let kind = scenario["credentials"].as_str().unwrap();
    let name = if kind == "privateKey" {
        "keyAgent"
    } else {
        scenario["as"].as_str().unwrap_or("admin")
    };
    let fixture = &names[name];
    let id = fixture["clientId"].as_str().unwrap();
    match kind {
        "none" => Credentials::none(),
        "wrongSecret" => Credentials::client_secret(id, "sa_sec_wrong"),
        "privateKey" => {
            Credentials::private_key_jwt(id, AssertionKey::jwk(&fixture["privateKeyJwk"]), None)
        }
        "secret" | "dpop" => {
            Credentials::client_secret(id, fixture["clientSecret"].as_str().unwrap())
        }
        other => panic!("there are no credentials {other}"),
    }
}

async fn one_call(given: &Given, client: &AgentIdPClient, name: &str) -> Outcome {
    calls::called(client, name, given)
        .await
        .unwrap_or_else(|| panic!("the library has no {name}"))
}

/// Calls as often as the step says. Cancelled calls must not have ended.
async fn called(given: Given, client: AgentIdPClient, name: String) -> Outcome {
    let step = given.step.clone();
    let times = step["times"].as_u64().unwrap_or(1);
    if step["concurrently"] != true {
        let mut last = None;
        for _ in 0..times {
            last = Some(one_call(&given, &client, &name).await?);
        }
        return Ok(last.expect("it is called once"));
    }
    let cancelled = step["cancel"]["count"].as_u64().unwrap_or(0);
    let tasks: Vec<_> = (0..times)
        .map(|_| {
            let (given, client, name) = (given.clone(), client.clone(), name.clone());
            tokio::spawn(async move { one_call(&given, &client, &name).await })
        })
        .collect();
    if let Some(after) = step["cancel"]["afterMs"].as_u64() {
        tokio::time::sleep(Duration::from_millis(after)).await;
        tasks
            .iter()
            .take(usize::try_from(cancelled).unwrap())
            .for_each(tokio::task::JoinHandle::abort);
    }
    let (mut kept, mut failed) = (Vec::new(), Vec::new());
    for (index, task) in tasks.into_iter().enumerate() {
        let result = task.await;
        if (index as u64) < cancelled {
            assert!(
                result.is_err_and(|error| error.is_cancelled()),
                "a cancelled call"
            );
            continue;
        }
        match result.unwrap() {
            Ok(found) => kept.push(found),
            Err(error) => failed.push(error),
        }
    }
    let Some(error) = failed.pop() else {
        return Ok(kept.pop().expect("there is a call"));
    };
    assert!(
        step["error"].is_null() || kept.is_empty(),
        "all waiters fail alike"
    );
    Err(error)
}

fn client_of(scenario: &Value, stage: &Stage) -> AgentIdPClient {
    let options = &scenario["client"];
    let (requests, responses) = (Arc::clone(&stage.printed), Arc::clone(&stage.printed));
    let mut builder = AgentIdPClient::builder()
        .url(&stage.suite.url)
        .credentials(credentials_of(scenario, &stage.names))
        .clock(stage.clock.clone())
        .refuse_unknown_fields(options["refuseUnknownFields"] != false)
        .on_request(move |event| requests.lock().unwrap().push(format!("{event:?}")))
        .on_response(move |event| responses.lock().unwrap().push(format!("{event:?}")));
    for (name, value) in options.as_object().into_iter().flatten() {
        builder = match name.as_str() {
            "scopes" => builder.scopes(
                value
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|scope| scope.as_str().unwrap()),
            ),
            "maxRetries" => builder.max_retries(u32::try_from(value.as_u64().unwrap()).unwrap()),
            "appInfo" => builder.app_info(
                value["name"].as_str().unwrap(),
                value["version"].as_str(),
                None,
            ),
            "refuseUnknownFields" => builder,
            other => panic!("there is no option {other}"),
        };
    }
    stage
        .kit
        .bound(builder, scenario["credentials"] == "dpop")
        .build()
        .unwrap()
}

/// Runs a scenario. It panics where something is not as expected.
pub async fn run(scenario: &Value, suite: Arc<Suite>) {
    let fixtures = suite.control("/begin", scenario).await;
    let mut names = fixtures.as_object().unwrap().clone();
    names.insert("url".to_owned(), json!(suite.url));
    let mut stage = Stage {
        suite: Arc::clone(&suite),
        clock: Arc::new(SuiteClock::new()),
        names,
        clients: Default::default(),
        kit: own::Kit::new(scenario["credentials"] == "dpop"),
        printed: Arc::default(),
    };
    let client = client_of(scenario, &stage);
    stage.printed.lock().unwrap().push(format!("{client:?}"));
    let mut shown = Map::new();
    for step in scenario["steps"].as_array().unwrap() {
        if let Some(clock) = step.get("clock") {
            stage
                .clock
                .advanced_ms
                .fetch_add(clock["advanceMs"].as_u64().unwrap_or(0), Ordering::SeqCst);
            if let Some(wall) = clock["wallMs"].as_i64() {
                stage.clock.wall_ms.store(wall, Ordering::SeqCst);
            }
        }
        if let Some(action) = step.get("suite") {
            let acted = suite.control("/act", &filled(action, &stage.names)).await;
            if let Some(name) = step["as"].as_str() {
                stage.names.insert(name.to_owned(), acted);
            }
        }
        let Some(name) = step["call"].as_str() else {
            continue;
        };
        let on = step["on"]
            .as_str()
            .map_or_else(|| client.clone(), |on| stage.clients[on].clone());
        let args = filled(&step["args"], &stage.names)
            .as_array()
            .cloned()
            .unwrap_or_default();
        let filled_step = filled(step, &stage.names);
        let given = Given {
            args,
            step: filled_step,
            suite: Arc::clone(&suite),
        };
        let outcome = match own::called(&mut stage, &on, name, &given).await {
            Some(outcome) => outcome,
            None => called(given, on, name.to_owned()).await,
        };
        match outcome {
            Err(error) => {
                stage
                    .printed
                    .lock()
                    .unwrap()
                    .push(format!("{error} {error:?} {:?}", error.cause()));
                assert!(!step["error"].is_null(), "{name}: {error:?}");
                expect::error(&error, &filled(&step["error"], &stage.names), name);
            }
            Ok(found) => {
                assert!(step["error"].is_null(), "{name} must fail");
                stage
                    .printed
                    .lock()
                    .unwrap()
                    .push(format!("{}\n{}", found.printed, found.shown));
                if let Some(name) = step["as"].as_str() {
                    stage.names.insert(name.to_owned(), found.whole);
                    shown.insert(name.to_owned(), found.shown);
                }
            }
        }
    }
    let requests = suite.control("/recorded", &Value::Null).await;
    for (name, expected) in scenario["then"]["results"]
        .as_object()
        .into_iter()
        .flatten()
    {
        expect::holds(&shown[name], &filled(expected, &stage.names), name);
    }
    for expected in scenario["then"]["traffic"].as_array().into_iter().flatten() {
        expect::traffic(
            requests.as_array().unwrap(),
            &filled(expected, &stage.names),
        );
    }
    let text = stage.printed.lock().unwrap().join("\n");
    for secret in expect::secrets(&fixtures, requests.as_array().unwrap()) {
        assert!(!text.contains(&secret), "a secret is printed");
    }
    client.close();
}
