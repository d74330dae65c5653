//! What a step is called with: the clock, the arguments, and the suite's side.
use futures_core::Stream;
use sentryagent_idp::{exposed_json, AgentIdPError, BoxFuture, Call, Clock, Download, Page, Pages};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::{json, Value};
use std::fmt::Debug;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Waits are a few milliseconds; the clock goes on by the whole time.
pub struct SuiteClock {
    began: Instant,
    pub advanced_ms: AtomicU64,
    pub wall_ms: AtomicI64,
}

impl SuiteClock {
    pub fn new() -> Self {
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
        stream: impl Stream<Item = Result<T, AgentIdPError>>,
    ) -> Outcome {
        let take = &self.step["take"];
        let mut items = Vec::new();

        let mut stream = pin!(stream);
        while let Some(item) = poll_fn(|context| stream.as_mut().poll_next(context)).await {
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
    pub control: String,
    pub http: reqwest::Client,
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
