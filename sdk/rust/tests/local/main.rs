//! Behaviour that the scenarios of the suite do not have, against a server of the test's own.
#![cfg(all(feature = "blocking", feature = "verify"))]

mod program;

use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};
use sentryagent_idp::verify::Online;
use sentryagent_idp::{AgentIdPClient, AgentIdPError, AssertionKey, Credentials};
use serde_json::{json, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked: method and path, and the body.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// Serves one request a connection; the answer is a status, more headers, and JSON.
fn serve(answer: impl Fn(&str, usize) -> (u16, String, Value) + Send + 'static) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.unwrap());
            let mut first = String::new();
            if reader.read_line(&mut first).unwrap_or(0) == 0 {
                continue;
            }
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let place = first.rsplit_once(' ').unwrap().0.to_owned();
            let count = {
                let mut seen = seen.lock().unwrap();
                seen.push((place.clone(), String::from_utf8(body).unwrap()));
                seen.iter().filter(|(known, _)| *known == place).count()
            };
            let (status, headers, value) = answer(&place, count);
            let text = value.to_string();
            let head = format!(
                "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
                text.len()
            );
            reader
                .get_mut()
                .write_all((head + &text).as_bytes())
                .unwrap();
        }
    });
    (url, asked)
}

fn token() -> Value {
    json!({ "access_token": "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "token_type": "Bearer", "expires_in": 3600, "scope": "agents:read" })
}

fn with_secret(url: &str) -> AgentIdPClient {
    AgentIdPClient::new(url, Credentials::client_secret("an-id", "sa_sec_example")).unwrap()
}

#[test]
fn a_program_without_a_runtime_calls_and_lists() {
    let (url, asked) = serve(|place, count| match place {
        "POST /api/v1/token" => (200, String::new(), token()),
        "GET /health" => (
            200,
            String::new(),
            json!({ "status": "healthy", "version": "1" }),
        ),
        _ => {
            let next = if count == 1 {
                Value::Null
            } else {
                json!("more")
            };
            (
                200,
                String::new(),
                json!({ "data": [{ "agentId": "1", "role": "admin" }], "nextCursor": next }),
            )
        }
    });
    let client = with_secret(&url);
    assert_eq!(
        client
            .request("GET", "/health", &[], None)
            .blocking()
            .unwrap()["status"],
        "healthy"
    );
    let members: Result<Vec<_>, AgentIdPError> = client
        .organizations()
        .members()
        .list("an-organization")
        .blocking()
        .collect();
    assert_eq!(members.unwrap().len(), 1);
    let places: Vec<String> = asked
        .lock()
        .unwrap()
        .iter()
        .map(|(place, _)| place.clone())
        .collect();
    let list = "GET /api/v1/organizations/an-organization/members?limit=100";
    assert_eq!(places, ["POST /api/v1/token", "GET /health", list]);
    let refused = AgentIdPClient::new("http://127.0.0.1:1", Credentials::none()).unwrap();
    let error = refused
        .request("GET", "/health", &[], None)
        .max_retries(0)
        .blocking()
        .unwrap_err();
    assert!(
        matches!(&error, AgentIdPError::Http(facts) if facts.code == "CONNECTION_FAILED"),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_about_a_token_is_used_again_only_where_it_may_be() {
    let answer = |place: &str, count: usize| match place {
        "POST /api/v1/token" => (200, String::new(), token()),
        _ => (200, String::new(), json!({ "active": count < 3 })),
    };
    let (url, asked) = serve(answer);
    let introspections = || {
        asked
            .lock()
            .unwrap()
            .iter()
            .filter(|(place, _)| place.ends_with("/introspect"))
            .count()
    };
    let online = Online::new(with_secret(&url), Duration::from_secs(60));
    assert!(online.verify("a-token").await.unwrap().active);
    assert!(online.verify("a-token").await.unwrap().active);
    assert_eq!(introspections(), 1);
    let online = Online::new(with_secret(&url), Duration::ZERO);
    assert!(online.verify("a-token").await.is_ok());
    assert_eq!(
        online.verify("a-token").await.unwrap_err().code(),
        "TOKEN_NOT_ACTIVE"
    );
    assert_eq!(introspections(), 3);
}

#[tokio::test]
async fn a_wrong_clock_costs_one_request() {
    let (url, asked) = serve(|place, count| match (place, count) {
        ("POST /api/v1/token", 1) => (
            401,
            "Date: Fri, 01 Jan 2100 00:00:00 GMT\r\n".to_owned(),
            json!({ "error": "invalid_client" }),
        ),
        ("POST /api/v1/token", _) => (200, String::new(), token()),
        _ => (200, String::new(), json!({})),
    });
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "kid": "one",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let credentials = Credentials::private_key_jwt("an-id", AssertionKey::jwk(&jwk), None);
    let client = AgentIdPClient::new(&url, credentials).unwrap();
    client
        .request("GET", "/api/v1/agents", &[], None)
        .await
        .unwrap();
    let asked = asked.lock().unwrap();
    let issued: Vec<i64> = asked
        .iter()
        .filter(|(place, _)| place == "POST /api/v1/token")
        .map(|(_, body)| {
            let assertion = body.rsplit_once("client_assertion=").unwrap().1;
            let payload = BASE64_URL_SAFE_NO_PAD
                .decode(assertion.split('.').nth(1).unwrap())
                .unwrap();
            serde_json::from_slice::<Value>(&payload).unwrap()["iat"]
                .as_i64()
                .unwrap()
        })
        .collect();
    let new_year_of_2100 = 4_102_444_800;
    assert_eq!(issued.len(), 2);
    assert!(issued[0] < new_year_of_2100 - 3600 && (issued[1] - new_year_of_2100).abs() < 60);
}

fn event(sequence: i64) -> Value {
    json!({
        "eventId": "1", "sequence": sequence, "organizationId": "1", "agentId": null, "action": "token.issued",
        "outcome": "success", "actor": { "agentId": null, "ip": "", "userAgent": "" }, "target": null, "details": {},
        "timestamp": "2026-11-30T20:00:00.000Z", "previousHash": "", "hash": "",
    })
}

/// A log with the events 2, 5 and 8; 3, 4, 6 and 7 are lost. 1 was removed.
fn log_with_gaps(place: &str, _: usize) -> (u16, String, Value) {
    let page = |data: Vec<Value>, cursor: Value, reached: i64, missing: Value| {
        let page = json!({
            "data": data, "nextCursor": cursor, "agents": {}, "nextAfterSequence": reached, "missing": missing,
        });
        (200, String::new(), page)
    };
    let removed = json!({
        "code": "AUDIT_EVENTS_REMOVED", "message": "Removed.", "details": { "firstSequence": 9 },
    });
    let lost = |from: i64, to: i64| json!([{ "fromSequence": from, "toSequence": to }]);
    if place == "POST /api/v1/token" {
        return (200, String::new(), token());
    }
    let after = place.split("afterSequence=").nth(1).unwrap();
    match after.split('&').next().unwrap() {
        "0" => page(vec![event(2), event(5)], json!("more"), 5, lost(3, 4)),
        "5" => page(vec![event(8)], Value::Null, 8, lost(6, 7)),
        _ => (410, String::new(), removed),
    }
}

#[tokio::test]
async fn a_follower_learns_what_the_log_has_lost_and_where_to_go_on() {
    let (url, asked) = serve(log_with_gaps);
    let client = with_secret(&url);
    let gaps = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&gaps);
    let interval = Duration::from_millis(1);
    let follow = client.audit().follow().interval(interval).target("an-id");
    let mut events = follow
        .on_missing(move |gap| {
            seen.lock()
                .unwrap()
                .push((gap.from_sequence, gap.to_sequence))
        })
        .stream();
    assert_eq!(events.next_sequence(), 1);
    for (sequence, known) in [(2, vec![]), (5, vec![(3, 4)]), (8, vec![(3, 4), (6, 7)])] {
        assert_eq!(events.next().await.unwrap().unwrap().sequence, sequence);
        assert_eq!(events.next_sequence(), sequence + 1);
        assert_eq!(*gaps.lock().unwrap(), known);
    }
    let removed = events.next().await.unwrap().unwrap_err();
    assert!(matches!(&removed, AgentIdPError::NotFound(facts)
        if facts.code == "AUDIT_EVENTS_REMOVED" && facts.details == Some(json!({ "firstSequence": 9 }))));
    assert!(events.next().await.is_none());
    assert!(asked
        .lock()
        .unwrap()
        .iter()
        .skip(1)
        .all(|(place, _)| place.contains("target=an-id")));
}

#[tokio::test]
async fn without_on_missing_a_lost_event_ends_the_stream() {
    let (url, _) = serve(log_with_gaps);
    let client = with_secret(&url);
    let mut events = client.audit().follow().stream();
    assert_eq!(events.next().await.unwrap().unwrap().sequence, 2);
    let missing = events.next().await.unwrap().unwrap_err();
    assert_eq!(missing.code(), "AUDIT_EVENTS_MISSING");
    assert_eq!(
        missing.facts().details,
        Some(json!({ "fromSequence": 3, "toSequence": 4 }))
    );
    assert!(events.next().await.is_none());
    assert_eq!(events.next_sequence(), 3);
}
