//! Calls every operation of the API's document, and runs the scenarios of `sdk/conformance`. A step that it does not know fails.
//! `npm run test:sdk -- rust` starts the service of the scenarios; without it only the operations are called.
#![allow(clippy::unwrap_used)]

mod calls;
mod expect;
mod operations;
mod own;

use sentryagent_idp::{
    exposed_json, AgentIdPClient, AgentIdPError, AssertionKey, BoxFuture, Call, Clock, Credentials,
    Download, Page, Pages, Stream,
};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{json, Map, Value};
use std::fmt::Debug;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Waits are a few milliseconds; the clock goes on by the whole time.
pub struct SuiteClock {
    began: Instant,
    advanced_ms: AtomicU64,
    wall_ms: AtomicI64,
}

impl SuiteClock {
    fn new() -> Self {
        Self {
            began: Instant::now(),
            advanced_ms: AtomicU64::new(0),
            wall_ms: AtomicI64::new(0),
        }
    }
}

impl Clock for SuiteClock {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        let advanced = i64::try_from(self.advanced_ms.load(Ordering::SeqCst)).unwrap();
        chrono::Utc::now()
            + chrono::TimeDelta::milliseconds(advanced + self.wall_ms.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.began.elapsed() + Duration::from_millis(self.advanced_ms.load(Ordering::SeqCst))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let real = duration.min(Duration::from_millis(20));
            tokio::time::sleep(real).await;
            let rest = u64::try_from((duration - real).as_millis()).unwrap();
            self.advanced_ms.fetch_add(rest, Ordering::SeqCst);
        })
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// The result of a call: with the texts of its secrets, for later steps; as it is printed; and as JSON prints it.
pub struct Found {
    pub whole: Value,
    pub shown: Value,
    pub printed: String,
}

pub type Outcome = Result<Found, AgentIdPError>;

pub fn found<T: Serialize + Debug>(value: &T) -> Found {
    Found {
        whole: exposed_json(value).unwrap(),
        shown: serde_json::to_value(value).unwrap(),
        printed: format!("{value:?}\n{value:#?}"),
    }
}

/// What a step says of its call.
#[derive(Clone)]
pub struct Given {
    pub args: Vec<Value>,
    pub step: Value,
    pub suite: Arc<Suite>,
}

impl Given {
    pub fn text(&self, index: usize) -> String {
        self.args[index]
            .as_str()
            .unwrap_or_else(|| panic!("argument {index} is no text"))
            .to_owned()
    }

    pub fn body<T: DeserializeOwned>(&self, index: usize) -> T {
        let body = self.args.get(index).cloned().unwrap_or_else(|| json!({}));
        serde_json::from_value(body).expect("the body is what the model has")
    }

    pub fn optional_body<T: DeserializeOwned>(&self, index: usize) -> Option<T> {
        self.args.get(index).map(|_| self.body(index))
    }

    pub fn member<T: DeserializeOwned>(&self, index: usize, name: &str) -> Option<T> {
        let value = self.args.get(index)?.get(name)?.clone();
        Some(serde_json::from_value(value).expect("the parameter is of its type"))
    }

    pub async fn call<T: Serialize + Debug + Send + 'static, A: 'static>(
        &self,
        mut call: Call<T, A>,
    ) -> Outcome {
        if let Some(key) = self.step["options"]["idempotencyKey"].as_str() {
            call = call.idempotency_key(key);
        }
        Ok(found(&call.await?))
    }

    pub async fn pages<P, A>(&self, pages: Pages<P, A>) -> Outcome
    where
        P: Page + Serialize + Debug,
        P::Item: Serialize + Debug,
        A: 'static,
    {
        let take = &self.step["take"];
        if take.is_null() {
            return Ok(found(&pages.await?));
        }
        self.items(pages.stream()).await
    }

    pub async fn items<T: Serialize + Debug + Send + 'static>(
        &self,
        mut stream: Stream<T>,
    ) -> Outcome {
        let take = &self.step["take"];
        let mut items = Vec::new();

        while let Some(item) = stream.next().await {
            items.push(item?);
            if items.len() == 1 && !self.step["between"].is_null() {
                self.suite.control("/act", &self.step["between"]).await;
            }
            if take.as_u64() == Some(items.len() as u64) {
                break;
            }
        }
        let all = found(&items);
        if let Some(name) = self.step["unique"].as_str() {
            let mut values: Vec<String> = all
                .whole
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item[name].to_string())
                .collect();
            assert!(values.len() > 1, "there are several items");
            values.sort();
            values.dedup();
            assert_eq!(values.len(), items.len(), "each item once");
        }
        Ok(all)
    }

    pub async fn download<A: 'static>(&self, call: Call<Download, A>) -> Outcome {
        let download = call.await?;
        if self.step["take"] != "records" {
            return Ok(found(&download.bytes().await?.len()));
        }
        let (mut first, mut count) = (Value::Null, 0);
        let mut records = download.records();
        while let Some(record) = records.next().await {
            let record = record?;
            if count == 0 {
                first = record;
            }
            count += 1;
        }
        Ok(found(&json!({ "first": first, "count": count })))
    }
}

/// The suite's side: what it gives, and what was sent.
pub struct Suite {
    pub url: String,
    control: String,
    http: reqwest::Client,
}

impl Suite {
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let answer = self
            .http
            .post(format!("{}{path}", self.control))
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        let is_success = answer.status().is_success();
        let text = answer.text().await.unwrap();
        assert!(is_success, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }
}

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

async fn run(scenario: &Value, suite: Arc<Suite>) {
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

/// Tests with one name a line, as those of `cargo test`.
#[derive(Default)]
struct Report {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Report {
    fn test(&mut self, name: &str, run: impl FnOnce()) -> bool {
        let is_passed = std::panic::catch_unwind(AssertUnwindSafe(run)).is_ok();
        println!(
            "test {name} ... {}",
            if is_passed { "ok" } else { "FAILED" }
        );
        *(if is_passed {
            &mut self.passed
        } else {
            &mut self.failed
        }) += 1;
        is_passed
    }

    fn ignore(&mut self, name: &str, reason: &Value) {
        println!("test {name} ... ignored, {reason}");
        self.ignored += 1;
    }
}

fn run_operations(runtime: &Runtime, filter: &str, report: &mut Report) {
    let service = operations::Service::start();
    let all = operations::documented();
    let called = all
        .iter()
        .filter(|one| one.call.contains(filter))
        .filter(|one| {
            report.test(&one.call, || {
                runtime.block_on(operations::run(one, &service))
            })
        })
        .count();
    println!("{called} of {} operations were called", all.len());
}

fn run_scenarios(runtime: &Runtime, url: String, filter: &str, report: &mut Report) {
    let setting = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let folder = std::path::PathBuf::from(setting("AGENTIDP_SUITE_SCENARIOS"));
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    assert_eq!(files.len(), 80, "no scenario is missing");
    let exemptions: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("../exemptions.json")).unwrap())
            .unwrap();
    let own: Vec<_> = exemptions
        .iter()
        .filter(|one| one["language"] == "rust")
        .collect();
    assert!(own.len() <= 2, "there are too many exemptions");
    let suite = Arc::new(Suite {
        url,
        control: setting("AGENTIDP_SUITE_CONTROL"),
        http: reqwest::Client::new(),
    });
    for file in files {
        let scenario: Value =
            serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let id = scenario["id"].as_str().unwrap();
        let name = format!("{} {id}", scenario["number"]);
        if !name.contains(filter) {
            continue;
        }
        if let Some(exemption) = own.iter().find(|one| one["number"] == scenario["number"]) {
            assert!(
                scenario["must"] != true,
                "a scenario that must pass cannot be left out"
            );
            report.ignore(&name, &exemption["reason"]);
            continue;
        }
        report.test(&name, || {
            runtime.block_on(run(&scenario, Arc::clone(&suite)))
        });
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .unwrap_or_default();
    let mut report = Report::default();
    run_operations(&runtime, &filter, &mut report);
    match std::env::var("AGENTIDP_SUITE_URL") {
        Ok(url) => run_scenarios(&runtime, url, &filter, &mut report),
        Err(_) => {
            println!("The scenarios are left out: `npm run test:sdk -- rust` starts their service.")
        }
    }
    let Report {
        passed,
        failed,
        ignored,
    } = report;
    let outcome = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {outcome}. {passed} passed; {failed} failed; {ignored} ignored");
    if failed > 0 {
        std::process::exit(1);
    }
}
