//! Every operation of the document is called once, with its example, and the example of its answer is read with unknown members
//! refused. The document is the judge: method, path, query, body and sign-in of each request are compared with it.
use super::calls;
use super::given::{found, Given, Outcome, Suite};
use sentryagent_idp::{set_up, AgentIdPClient, Credentials, Wanted};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const ID: &str = "0199f0c2-5a31-7c07-9f55-2d8f3c1b7a10";

/// One operation, with the name of its call.
pub struct Documented {
    pub call: String,
    path: String,
    method: String,
    operation: Value,
}

#[derive(Debug)]
struct Sent {
    method: String,
    path: String,
    query: Vec<String>,
    headers: HashMap<String, String>,
    body: String,
}

/// A service that gives each request the same answer, and keeps the requests.
pub struct Service {
    url: String,
    answer: Arc<Mutex<String>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

fn read_request(stream: &TcpStream) -> Option<Sent> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|size| *size > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Sent {
        method,
        path: path.to_owned(),
        query: query
            .split('&')
            .filter(|one| !one.is_empty())
            .map(|one| one.split('=').next().unwrap().to_owned())
            .collect(),
        headers,
        body: String::from_utf8(body).unwrap(),
    })
}

impl Service {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let service = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            answer: Arc::default(),
            sent: Arc::default(),
        };
        let (answer, sent) = (Arc::clone(&service.answer), Arc::clone(&service.sent));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if let Some(request) = read_request(&stream) {
                    sent.lock().unwrap().push(request);
                    let answer = answer.lock().unwrap().clone();
                    stream.write_all(answer.as_bytes()).unwrap();
                }
            }
        });
        service
    }
}

/// The operations that the library has, in the order of the document.
pub fn documented() -> Vec<Documented> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
    let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if let Some(call) = operation["x-sdk-call"].as_str() {
                all.push(Documented {
                    call: call.to_owned(),
                    path: path.clone(),
                    method: method.to_ascii_uppercase(),
                    operation: operation.clone(),
                });
            }
        }
    }
    all
}

/// The first media type of a body or an answer, and its example.
fn content_of(part: &Value) -> Option<(&str, &Value)> {
    let (media, content) = part["content"].as_object()?.iter().next()?;
    let example = content
        .get("example")
        .or_else(|| {
            content["examples"]
                .as_object()?
                .values()
                .next()?
                .get("value")
        })
        .unwrap_or(&content["schema"]["example"]);
    Some((media, example))
}

/// Times with and without milliseconds are the same time.
fn same_times(value: &Value) -> Value {
    match value {
        Value::String(text) => chrono::DateTime::parse_from_rfc3339(text)
            .map_or_else(|_| value.clone(), |time| json!(time.timestamp_millis())),
        Value::Array(items) => items.iter().map(same_times).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), same_times(value)))
            .collect(),
        _ => value.clone(),
    }
}

/// `None` is both null and absent.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        _ => value.clone(),
    }
}

fn filled(part: &str) -> &str {
    match part {
        "{domain}" => "example.com",
        part if part.starts_with('{') => ID,
        part => part,
    }
}

async fn called(client: &AgentIdPClient, url: &str, call: &str, given: &Given) -> Outcome {
    match call {
        "setUp" => Ok(found(&set_up(url, "token", given.body(0))?.await?)),
        "tokens.issue" => {
            given
                .call(
                    client
                        .tokens()
                        .issue(Wanted::default().scopes(["agents:read"])),
                )
                .await
        }
        "tokens.introspect" => given.call(client.tokens().introspect("a-token")).await,
        "tokens.revoke" => given.call(client.tokens().revoke("a-token")).await,
        "tokens.exchangeWorkload" => {
            given
                .call(client.tokens().exchange_workload(given.body(0)))
                .await
        }
        name => calls::called(client, name, given)
            .await
            .unwrap_or_else(|| panic!("the library has no {name}")),
    }
}

/// Calls one operation, and compares the request and the result with the document.
pub async fn run(documented: &Documented, service: &Service) {
    let Documented {
        call,
        path,
        method,
        operation,
    } = documented;
    let (status, answer) = operation["responses"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(status, _)| status.starts_with('2'))
        .expect("the operation has an answer");
    let (media, example) = content_of(answer).unwrap_or(("", &Value::Null));
    let is_json = media.ends_with("json") && !media.ends_with("ndjson");
    let text = match example {
        _ if media.is_empty() => String::new(),
        example if is_json => example.to_string(),
        example => example.as_str().unwrap_or("bytes").to_owned(),
    };
    *service.answer.lock().unwrap() = format!(
        "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-type: {media}\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    );
    service.sent.lock().unwrap().clear();

    let body = content_of(&operation["requestBody"]);
    let mut args: Vec<Value> = path
        .split('/')
        .filter(|part| part.starts_with('{'))
        .map(|part| json!(filled(part)))
        .collect();
    args.extend(body.map(|(_, example)| example.clone()));
    let credentials = match call.as_str() {
        "tokens.issue" => Credentials::client_secret(ID, "secret"),
        _ => Credentials::access_token("token"),
    };
    let client = AgentIdPClient::builder()
        .url(&service.url)
        .credentials(credentials)
        .refuse_unknown_fields(true)
        .build()
        .unwrap();
    let suite = Arc::new(Suite {
        url: service.url.clone(),
        control: String::new(),
        http: reqwest::Client::new(),
    });
    let given = Given {
        args,
        step: Value::Null,
        suite,
    };
    let result = called(&client, &service.url, call, &given).await.unwrap();

    let sent = std::mem::take(&mut *service.sent.lock().unwrap());
    assert_eq!(sent.len(), 1, "one request");
    let request = &sent[0];
    assert_eq!(request.method, *method);
    let wanted: Vec<&str> = path.split('/').map(filled).collect();
    assert_eq!(request.path, wanted.join("/"));
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let known: Vec<&str> = parameters
        .filter(|one| one["in"] == "query")
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(
        request
            .query
            .iter()
            .all(|name| known.contains(&name.as_str())),
        "{:?}",
        request.query
    );
    let has = |name: &str| request.headers.contains_key(name);
    let is_public = operation["security"].as_array().unwrap().is_empty() && call != "setUp";
    assert_eq!(has("authorization"), !is_public, "whether it signs in");
    assert_eq!(
        has("idempotency-key"),
        operation["x-sdk-retry"] == "keyed",
        "whether it has a key"
    );
    let media_sent = request.headers.get("content-type").map(String::as_str);
    assert_eq!(media_sent, body.map(|(media, _)| media));
    match body {
        Some(("application/json", example)) => {
            let sent: Value = serde_json::from_str(&request.body).unwrap();
            assert_eq!(same_times(&sent), same_times(example), "the body");
        }
        Some(_) if call == "tokens.issue" => {
            assert!(
                request.body.contains("grant_type=client_credentials"),
                "{}",
                request.body
            );
        }
        Some(_) => assert_eq!(request.body, "token=a-token"),
        None => assert_eq!(request.body, ""),
    }
    if is_json {
        let read = same_times(&without_nulls(&result.whole));
        assert_eq!(read, same_times(&without_nulls(example)), "the result");
    } else if let Some(size) = result.whole.as_u64() {
        assert_eq!(size, text.len() as u64, "the bytes");
    } else if media.is_empty() {
        assert_eq!(result.whole, Value::Null, "no result");
    } else {
        assert_eq!(result.whole, json!(text), "the text");
    }
}
