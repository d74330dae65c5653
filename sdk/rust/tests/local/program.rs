//! What code of the program, a proxy between, or a caller of an API can do to a client.
use super::{serve, token, with_secret};
use base64::prelude::{Engine as _, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use sentryagent_idp::models::CreateDelegation;
use sentryagent_idp::verify::TokenVerifier;
use sentryagent_idp::{
    exposed_json, AgentIdPClient, AgentIdPError, AssertionKey, BoxFuture, CallbackError,
    Credentials, ErrorKind, Secret, StoredToken, Token, TokenStore, Wanted,
};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECRET: &str = "a-client-secret-of-another-form";

fn get(client: &AgentIdPClient) -> sentryagent_idp::Call<Value> {
    client.request("GET", "/api/v1/agents", &[], None)
}

/// Answers every request with what `answer` writes.
fn raw(answer: impl Fn(&str, &mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 65_536];
            let length = stream.read(&mut bytes).unwrap();
            answer(&String::from_utf8_lossy(&bytes[..length]), &mut stream);
        }
    });
    url
}

fn write(stream: &mut TcpStream, status: u16, body: &str) {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).unwrap();
}

fn service(place: &str, _: usize) -> (u16, String, Value) {
    let body = if place == "POST /api/v1/token" {
        token()
    } else {
        json!({})
    };
    (200, String::new(), body)
}

#[tokio::test]
async fn a_hook_that_panics_changes_no_call() {
    let (url, asked) = serve(service);
    let client = AgentIdPClient::builder()
        .url(url)
        .credentials(Credentials::client_secret("an-id", SECRET))
        .on_request(|_| panic!("a bug of the program"))
        .on_response(|_| panic!("a bug of the program"))
        .build()
        .unwrap();
    get(&client).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_callback_that_panics_is_one_error_of_all_who_wait() {
    let (url, asked) = serve(service);
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let key = AssertionKey::signer("ES256", move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async { panic!("a bug of the program") }
    });
    let client =
        AgentIdPClient::new(url, Credentials::private_key_jwt("an-id", key, None)).unwrap();
    let (one, two) = tokio::join!(get(&client).with_response(), get(&client).with_response());
    for error in [one.err().unwrap(), two.err().unwrap()] {
        assert_eq!(
            (error.kind(), error.code()),
            (ErrorKind::Config, "CALLBACK_PANICKED")
        );
    }
    assert_eq!(
        (calls.load(Ordering::SeqCst), asked.lock().unwrap().len()),
        (1, 0)
    );
    // The next call is another one.
    assert_eq!(get(&client).await.unwrap_err().code(), "CALLBACK_PANICKED");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_error_of_a_callback_is_the_cause() {
    let failed = || async { Err::<Secret, CallbackError>("the vault says no".into()) };
    let key = AssertionKey::signer("ES256", |_| async {
        Err::<Vec<u8>, CallbackError>("the vault says no".into())
    });
    for credentials in [
        Credentials::private_key_jwt("an-id", key, None),
        Credentials::workload_token("an-id", failed),
        Credentials::access_tokens(failed),
    ] {
        let client = AgentIdPClient::new("http://127.0.0.1:1", credentials).unwrap();
        let error = get(&client).await.unwrap_err();
        let cause = error.cause().map(ToString::to_string);
        assert_eq!(
            (error.kind(), cause.as_deref()),
            (ErrorKind::Config, Some("the vault says no"))
        );
    }
}

/// No error of the call shows one of them, in whatever kind of answer they are repeated.
async fn shows_none_of(
    hidden: &[String],
    call: impl Fn(&AgentIdPClient) -> sentryagent_idp::Call<Value>,
    credentials: Credentials,
) {
    for (status, in_json) in [(200, false), (400, true), (400, false), (401, true)] {
        let url = raw(move |request, stream| {
            let problem = json!({
                "code": "VALIDATION_ERROR", "message": request, "hint": request, "error": request,
                "docs": request, "details": { "request": request },
            });
            let body = if in_json {
                problem.to_string()
            } else {
                request.to_owned()
            };
            write(stream, status, &body);
        });
        let client = AgentIdPClient::new(url, credentials.clone()).unwrap();
        let error = call(&client).await.unwrap_err();
        let shown = format!("{error:?} {error}");
        for text in hidden {
            assert!(
                !shown.contains(text.as_str()),
                "{status} {in_json}: {text} in {shown}"
            );
        }
    }
}

#[tokio::test]
async fn an_error_shows_no_secret_of_the_request_in_any_form() {
    let basic = BASE64_STANDARD.encode(format!("an-id:{SECRET}"));
    let hidden = [SECRET.to_owned(), basic];
    shows_none_of(&hidden, get, Credentials::client_secret("an-id", SECRET)).await;
    let token = "opaque token/of the platform";
    let platform = || async { Ok(Secret::from("opaque token/of the platform")) };
    shows_none_of(
        &[token.to_owned()],
        get,
        Credentials::workload_token("an-id", platform),
    )
    .await;
    let opaque = "an-opaque-access-token";
    shows_none_of(&[opaque.to_owned()], get, Credentials::access_token(opaque)).await;
    // A secret in the body of a call.
    let url = raw(|request, stream| write(stream, 400, &json!({ "message": request }).to_string()));
    let client =
        AgentIdPClient::new(url, Credentials::access_token("an-opaque-access-token")).unwrap();
    let error = client
        .tokens()
        .introspect("another opaque/token")
        .await
        .unwrap_err();
    let shown = format!("{error:?}");
    assert!(
        shown.contains("token=[redacted]") && !shown.contains("another"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_also_where_a_proxy_drops_the_challenge() {
    for (code, tokens) in [("UNAUTHORIZED", 2), ("ANOTHER_CODE", 1)] {
        let (url, asked) = serve(move |place, count| match (place, count) {
            ("POST /api/v1/token", count) => {
                let mut answer = token();
                answer["access_token"] = json!(format!("token-{count}"));
                (200, String::new(), answer)
            }
            (_, 1) => (
                401,
                String::new(),
                json!({ "code": code, "message": "No." }),
            ),
            _ => (200, String::new(), json!({})),
        });
        let result = get(&with_secret(&url)).await;
        assert_eq!(result.is_ok(), tokens == 2);
        let asked = asked.lock().unwrap();
        let requested = asked
            .iter()
            .filter(|(place, _)| place == "POST /api/v1/token")
            .count();
        assert_eq!((requested, asked.len()), (tokens, 2 * tokens));
    }
    // One that is refused for ever is requested twice, not without end.
    let (url, asked) = serve(|place, _| match place {
        "POST /api/v1/token" => (200, String::new(), token()),
        _ => (
            401,
            String::new(),
            json!({ "code": "UNAUTHORIZED", "message": "No." }),
        ),
    });
    assert_eq!(
        get(&with_secret(&url)).await.unwrap_err().kind(),
        ErrorKind::Auth
    );
    assert_eq!(asked.lock().unwrap().len(), 4);
}

/// Keeps JSON, as a program outside this library would.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<HashMap<String, String>>>);

impl TokenStore for Kept {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Option<StoredToken>> {
        let found = self.0.lock().unwrap().get(key).cloned();
        Box::pin(async move { serde_json::from_str(&found?).ok() })
    }
    fn save<'a>(&'a self, key: &'a str, token: StoredToken) -> BoxFuture<'a, ()> {
        let json = exposed_json(&token).unwrap().to_string();
        self.0.lock().unwrap().insert(key.to_owned(), json);
        Box::pin(async {})
    }
    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
        self.0.lock().unwrap().remove(key);
        Box::pin(async {})
    }
}

#[tokio::test]
async fn a_program_can_keep_tokens_outside_the_process() {
    let (url, asked) = serve(service);
    let store = Kept::default();
    let client = || {
        AgentIdPClient::builder()
            .url(&url)
            .credentials(Credentials::client_secret("an-id", SECRET))
            .token_store(store.clone())
            .build()
            .unwrap()
    };
    let first = client().access_token(Wanted::default()).await.unwrap();
    let second = client().access_token(Wanted::default()).await.unwrap();
    assert_eq!(asked.lock().unwrap().len(), 1);
    let text = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
    assert_eq!(second, Token::new(text, "Bearer", ["agents:read"]));
    assert_eq!(first, second);
    let stored = StoredToken {
        token: first,
        expires_at: sentryagent_idp::chrono::Utc::now(),
    };
    assert!(!serde_json::to_string(&stored).unwrap().contains(text));
}

#[tokio::test]
async fn the_longest_times_are_no_limit_and_no_panic() {
    let (url, _) = serve(|place, _| {
        let mut answer = token();
        answer["expires_in"] = json!(i64::MAX);
        (
            200,
            String::new(),
            if place == "POST /api/v1/token" {
                answer
            } else {
                json!({})
            },
        )
    });
    let client = AgentIdPClient::builder()
        .url(url)
        .credentials(Credentials::client_secret("an-id", SECRET))
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .token_store(Kept::default())
        .build()
        .unwrap();
    get(&client).await.unwrap();
    get(&client).timeout(Duration::MAX).await.unwrap();
}

fn forged(subject: &str) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({ "alg": "ES256", "typ": "at+jwt", "kid": "1" }));
    format!("{header}.{}.AAAA", part(json!({ "sub": subject })))
}

#[tokio::test]
async fn by_did_a_subject_that_does_not_exist_is_a_token_that_is_not_valid_and_costs_one_request() {
    for status in [404, 410] {
        let (url, asked) = serve(move |_, _| (status, String::new(), json!({})));
        let verifier = TokenVerifier::builder(&url, "https://api.example.com")
            .build()
            .unwrap();
        let token = forged("0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10");
        for _ in 0..5 {
            let error = verifier.verify_by_did(&*token).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::Auth, "TOKEN_NOT_VALID")
            );
        }
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_closed_client_signs_in_no_more_and_closes_those_that_act_for_it() {
    let (url, asked) = serve(service);
    let client = with_secret(&url);
    let acting = client.acting_for("a-delegation").unwrap();
    let deeper = acting.acting_for("a-delegation").unwrap();
    client.close();
    let later = client.acting_for("a-delegation").unwrap();
    let tokens = client.token_manager().clone();
    for client in [client, acting, deeper, later] {
        let code = |error: AgentIdPError| error.code().to_owned();
        assert_eq!(
            client
                .access_token(Wanted::default())
                .await
                .map_err(code)
                .unwrap_err(),
            "CLOSED"
        );
        assert_eq!(get(&client).await.map_err(code).unwrap_err(), "CLOSED");
    }
    assert_eq!(
        tokens.token(Wanted::default()).await.unwrap_err().code(),
        "CLOSED"
    );
    assert_eq!(asked.lock().unwrap().len(), 0);
    // Not the other way round.
    let client = with_secret(&url);
    client.acting_for("a-delegation").unwrap().close();
    get(&client).await.unwrap();
}

#[tokio::test]
async fn a_lending_that_is_not_revoked_says_that_the_work_is_done() {
    let (url, _) = serve(|place, _| match place {
        "POST /api/v1/token" => (200, String::new(), token()),
        "POST /api/v1/oauth2/token/delegate" => (
            201,
            String::new(),
            json!({
                "chainId": "the-chain", "delegationToken": "sa_del_x", "delegatorAgentId": "1",
                "delegateeAgentId": "2", "scopes": ["agents:read"],
                "issuedAt": "2026-11-30T20:00:00.000Z", "expiresAt": "2026-11-30T20:05:00.000Z",
            }),
        ),
        _ => (
            500,
            String::new(),
            json!({ "code": "INTERNAL_SERVER_ERROR", "message": "It failed." }),
        ),
    });
    let lending = CreateDelegation::new("2", ["agents:read"], 300);
    let result: Result<u8, AgentIdPError> = with_secret(&url)
        .delegations()
        .lend(lending, |_| async { Ok(1) })
        .await;
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Api, "INTERNAL_SERVER_ERROR")
    );
    assert_eq!(
        error.message(),
        "`run` has ended, but its delegation the-chain is not revoked: It failed."
    );
    assert_eq!(
        error.cause().unwrap().to_string(),
        "It failed. (INTERNAL_SERVER_ERROR)"
    );
}

#[tokio::test]
async fn a_download_that_stalls_ends() {
    let url = raw(|request, stream| {
        if request.contains("/api/v1/token") {
            return write(stream, 200, &token().to_string());
        }
        stream
            .write_all(b"HTTP/1.1 200 -\r\nContent-Length: 100\r\n\r\n{\"a\":1}\n")
            .unwrap();
        // The connection stays open.
        std::mem::forget(stream.try_clone().unwrap());
    });
    let client = AgentIdPClient::builder()
        .url(url)
        .credentials(Credentials::client_secret("an-id", SECRET))
        .attempt_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    let mut records = client.audit().export().await.unwrap().records();
    assert_eq!(records.next().await.unwrap().unwrap(), json!({ "a": 1 }));
    let error = records.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Http, "TIMEOUT"));
    assert!(records.next().await.is_none());
}
