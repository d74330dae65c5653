//! Keys of an issuer, fetched and kept: bounded in how often, and in what a failure costs.
use crate::clock::{BoxFuture, Clock};
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind, Result};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::DecodingKey;
use reqwest::header::{ACCEPT, CACHE_CONTROL};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A document of keys lives this long unless `Cache-Control` says otherwise.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// However long `Cache-Control` says.
const LONGEST_LIFETIME: Duration = Duration::from_secs(86_400);
/// An unknown `kid` makes the keys be fetched at most this often.
pub(super) const REFETCH: Duration = Duration::from_secs(30);
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
const LONGEST_DOCUMENT_BYTES: usize = 1024 * 1024;

/// A JSON document of the issuer, with how long it may be kept.
pub(super) struct Fetched {
    pub(super) value: Value,
    pub(super) lifetime: Duration,
}

/// Fetches a document by its URL.
pub(super) type Fetch = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Fetched>> + Send + Sync>;

fn failed(kind: ErrorKind, message: impl Into<String>, http_status: Option<u16>) -> AgentIdPError {
    let facts = ErrorFacts {
        code: "KEYS_NOT_FETCHED".to_owned(),
        message: message.into(),
        http_status,
        attempts: 1,
        ..ErrorFacts::default()
    };
    AgentIdPError::new(kind, facts)
}

fn lifetime_of(cache_control: &str) -> Duration {
    let named = |directive: &str| {
        directive
            .trim()
            .to_ascii_lowercase()
            .strip_prefix("max-age=")?
            .parse()
            .ok()
    };
    let seconds: Option<u64> = cache_control.split(',').find_map(named);
    seconds
        .map_or(DEFAULT_LIFETIME, Duration::from_secs)
        .min(LONGEST_LIFETIME)
}

async fn fetched(client: reqwest::Client, url: String) -> Result<Fetched> {
    let not_fetched = |error: reqwest::Error| {
        let mut facts = failed(
            ErrorKind::Http,
            "The keys of the issuer could not be fetched.",
            None,
        )
        .facts()
        .clone();
        facts.cause = Some(Arc::new(error.without_url()));
        AgentIdPError::new(ErrorKind::Http, facts)
    };
    let request = client
        .get(url)
        .header(ACCEPT, "application/json, application/did+json")
        .timeout(FETCH_TIMEOUT);
    let mut response = request.send().await.map_err(not_fetched)?;
    let status = response.status();
    if !status.is_success() {
        let code = status.as_u16();
        let kind = match code {
            404 | 410 => ErrorKind::NotFound,
            _ => ErrorKind::Api,
        };
        let message = format!("The issuer answered {code} for its keys.");
        return Err(failed(kind, message, Some(code)));
    }
    let cache_control = response
        .headers()
        .get(CACHE_CONTROL)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let lifetime = lifetime_of(cache_control);
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(not_fetched)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_DOCUMENT_BYTES {
            return Err(failed(
                ErrorKind::Serde,
                "The document of the issuer is too long.",
                Some(status.as_u16()),
            ));
        }
    }
    let value = serde_json::from_slice(&bytes).map_err(|_| {
        failed(
            ErrorKind::Serde,
            "The document of the issuer is no JSON.",
            Some(status.as_u16()),
        )
    })?;
    Ok(Fetched { value, lifetime })
}

pub(super) fn fetch_with(client: reqwest::Client) -> Fetch {
    Arc::new(move |url| Box::pin(fetched(client.clone(), url)))
}

/// A public key. It verifies signatures of its own kind, and of its `alg` where it has one.
#[derive(Clone)]
pub(super) struct PublicKey {
    pub(super) key: DecodingKey,
    pub(super) alg: Option<String>,
}

impl PublicKey {
    /// None for a kind of key that is not known.
    pub(super) fn of(jwk: &Value) -> Option<Self> {
        let alg = jwk.get("alg").and_then(Value::as_str).map(str::to_owned);
        // Only what makes the key: another member of an odd form does no harm.
        let names = ["kty", "crv", "x", "y", "n", "e"];
        let members = names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), jwk.get(name)?.clone())))
            .collect();
        let jwk: Jwk = serde_json::from_value(Value::Object(members)).ok()?;
        Some(Self {
            key: DecodingKey::from_jwk(&jwk).ok()?,
            alg,
        })
    }
}

/// The JWKs of a document, each with its `kid`, and how long they live.
pub(super) struct Document {
    pub(super) keys: Vec<(String, Value)>,
    pub(super) lifetime: Duration,
}

pub(super) type Read = Box<dyn Fn() -> BoxFuture<'static, Result<Document>> + Send + Sync>;

#[derive(Default)]
struct State {
    by_kid: HashMap<String, PublicKey>,
    /// Monotonic. None before the first document.
    stale: Option<Duration>,
    /// Monotonic: when the last fetch began.
    tried: Option<Duration>,
    fetches: u64,
    /// Of the last fetch.
    failure: Option<AgentIdPError>,
}

/// The keys of one document, by `kid`.
pub(super) struct PublishedKeys {
    read: Read,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

impl PublishedKeys {
    pub(super) fn new(read: Read, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            read,
            clock,
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no key is known, as of a subject that does not exist.
    pub(super) fn is_empty(&self) -> bool {
        self.state().by_kid.is_empty()
    }

    /// One fetch at a time, for all callers who saw the same count of fetches. The old keys stay when it fails.
    async fn refresh(&self, seen: u64) {
        let _one = self.fetching.lock().await;
        if self.state().fetches != seen {
            return;
        }
        let began = self.clock.monotonic();
        let result = (self.read)().await;
        let now = self.clock.monotonic();
        let mut state = self.state();
        state.tried = Some(began);
        state.fetches += 1;
        match result {
            Ok(Document { keys, lifetime }) => {
                let known = keys
                    .into_iter()
                    .filter_map(|(kid, jwk)| Some((kid, PublicKey::of(&jwk)?)));
                state.by_kid = known.collect();
                state.stale = Some(now + lifetime);
                state.failure = None;
            }
            Err(error) => state.failure = Some(error),
        }
    }

    /// The key; none for a `kid` that the issuer does not have.
    pub(super) async fn find(self: &Arc<Self>, kid: &str) -> Result<Option<PublicKey>> {
        let now = self.clock.monotonic();
        let seen = {
            let state = self.state();
            let is_stale = state.stale.is_none_or(|stale| now >= stale);
            let may_fetch = state.tried.is_none_or(|tried| now >= tried + REFETCH);
            let known = state.by_kid.get(kid);
            let is_needed = (is_stale && (may_fetch || state.by_kid.is_empty()))
                || (known.is_none() && may_fetch);
            if !is_needed {
                return Ok(known.cloned());
            }
            state.fetches
        };
        // In a task: a caller that goes away neither ends the fetch of the others nor makes the next one fetch at once.
        let keys = Arc::clone(self);
        let ended = tokio::spawn(async move { keys.refresh(seen).await }).await;
        let state = self.state();
        match (state.by_kid.get(kid), &state.failure) {
            (Some(key), _) => Ok(Some(key.clone())),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) if ended.is_err() => Err(failed(
                ErrorKind::Http,
                "The keys of the issuer could not be fetched.",
                None,
            )),
            (None, None) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    #[test]
    fn a_document_lives_as_long_as_its_header_says() {
        for (header, seconds) in [
            ("public, max-age=600", 600),
            ("Max-Age=7, must-revalidate", 7),
            ("s-maxage=9", 300),
            ("", 300),
            ("max-age=x", 300),
            ("max-age=18446744073709551615", 86_400),
        ] {
            assert_eq!(lifetime_of(header).as_secs(), seconds, "{header}");
        }
    }

    /// Answers one request; gives the URL.
    async fn server(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys?secret", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
        });
        url
    }

    #[tokio::test]
    async fn answers_that_are_no_document_are_errors() {
        let client = super::super::builder::http_client().unwrap();
        let url =
            server("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\n{}")
                .await;
        assert_eq!(
            fetched(client.clone(), url)
                .await
                .unwrap()
                .lifetime
                .as_secs(),
            60
        );
        for (answer, kind) in [
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", ErrorKind::NotFound),
            ("HTTP/1.1 302 Found\r\nLocation: https://thief.example/\r\nContent-Length: 0\r\n\r\n", ErrorKind::Api),
            ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", ErrorKind::Serde),
            ("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n{}", ErrorKind::Http),
        ] {
            let error = fetched(client.clone(), server(answer).await).await.err().unwrap();
            assert_eq!((error.kind(), error.code()), (kind, "KEYS_NOT_FETCHED"), "{answer}");
            assert!(!format!("{error:?}").contains("secret"));
        }
    }
}
