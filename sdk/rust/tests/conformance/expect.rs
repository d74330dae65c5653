//! Compares what came with what a scenario expects.
use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};
use regex_lite::Regex;
use sentryagent_idp::AgentIdPError;
use serde_json::{json, Value};
use std::collections::BTreeSet;

/// A pattern between slashes; None for another text. `(?!` of the scenarios is done by hand, because the engine has none.
fn pattern_fits(expected: &str, actual: &str) -> Option<bool> {
    let pattern = expected.strip_prefix('/')?.strip_suffix('/')?;
    if let Some(rest) = pattern.strip_prefix("^(?!.*") {
        let (absent, rest) = rest.split_once(')')?;
        assert_eq!(rest, "", "a pattern that this runner does not know");
        return Some(!actual.contains(absent));
    }
    Some(Regex::new(pattern).expect("a pattern").is_match(actual))
}

/// Every member of `expected` is in `actual`.
pub fn holds(actual: &Value, expected: &Value, place: &str) {
    match expected {
        Value::String(text) => {
            let shown = actual
                .as_str()
                .map_or_else(|| actual.to_string(), str::to_owned);
            match pattern_fits(text, &shown) {
                Some(fits) => assert!(fits, "{place}: {shown} does not fit {text}"),
                None => assert_eq!(actual, expected, "{place}"),
            }
        }
        Value::Array(items) => {
            let found = actual
                .as_array()
                .unwrap_or_else(|| panic!("{place} is no list: {actual}"));
            assert_eq!(found.len(), items.len(), "{place}: the number of items");
            for (index, item) in items.iter().enumerate() {
                holds(&found[index], item, &format!("{place}[{index}]"));
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                // Of a list, some items can be named by their places.
                let found = name
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| actual.get(index))
                    .unwrap_or(&actual[name]);
                holds(found, value, &format!("{place}.{name}"));
            }
        }
        _ => assert_eq!(actual, expected, "{place}"),
    }
}

pub fn error(error: &AgentIdPError, expected: &Value, call: &str) {
    let facts = error.facts();
    let issues: Vec<Value> = error
        .issues()
        .iter()
        .map(|issue| json!({ "path": issue.path }))
        .collect();
    let shown = json!({
        "kind": format!("{:?}", error.kind()),
        "code": facts.code,
        "message": facts.message,
        "httpStatus": facts.http_status,
        "details": facts.details,
        "requestId": facts.request_id,
        "retryAfter": facts.retry_after,
        "oauthError": facts.oauth_error,
        "attempts": facts.attempts,
        "requiredScope": error.required_scope(),
        "issues": issues,
    });
    for name in expected.as_object().expect("an error").keys() {
        assert!(shown.get(name).is_some(), "an error has no {name}");
    }
    holds(&shown, expected, &format!("the error of {call}"));
}

fn claims_of(proof: Option<&str>) -> Value {
    let payload = proof
        .and_then(|proof| proof.split('.').nth(1))
        .expect("a proof");
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64"))
        .expect("claims")
}

/// A header of a request, or a field of its form.
fn value_of(request: &Value, name: &str) -> Option<String> {
    let form = || {
        let body = request["body"].as_str()?;
        url::form_urlencoded::parse(body.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    request["headers"][name]
        .as_str()
        .map(str::to_owned)
        .or_else(form)
}

pub fn traffic(requests: &[Value], expected: &Value) {
    let path = expected["path"].as_str().expect("a path");
    let pattern = Regex::new(&format!(
        "^{}$",
        path.replace('.', r"\.").replace('*', "[^/]+")
    ))
    .expect("a pattern");
    let fitting: Vec<&Value> = requests
        .iter()
        .filter(|one| {
            one["method"] == expected["method"]
                && pattern.is_match(one["path"].as_str().expect("a path"))
        })
        .collect();
    let place = format!("{} {path}", expected["method"]);
    for (name, value) in expected.as_object().expect("traffic") {
        let number = || usize::try_from(value.as_u64().expect("a number")).expect("a number");
        let values = || {
            fitting
                .iter()
                .map(|one| value_of(one, value.as_str().expect("a name")))
                .collect::<BTreeSet<_>>()
        };
        match name.as_str() {
            "method" | "path" => {}
            "count" => assert_eq!(fitting.len(), number(), "{place}: the number of requests"),
            "atMost" => assert!(
                fitting.len() <= number(),
                "{place}: {} requests",
                fitting.len()
            ),
            "headers" => fitting
                .iter()
                .for_each(|one| holds(&one["headers"], value, &place)),
            "proof" => fitting
                .iter()
                .for_each(|one| holds(&claims_of(one["headers"]["dpop"].as_str()), value, &place)),
            "same" => assert_eq!(values().len(), 1, "{place}: {value} is the same"),
            "distinct" => assert_eq!(values().len(), fitting.len(), "{place}: {value} differs"),
            other => panic!("traffic has no {other}"),
        }
    }
}

/// What may be printed nowhere: the secrets of the fixtures, and the tokens that were sent.
pub fn secrets(fixtures: &Value, requests: &[Value]) -> Vec<String> {
    let of = |one: &Value| {
        [
            one["clientSecret"].as_str().map(str::to_owned),
            one["privateKeyJwk"]["d"].as_str().map(str::to_owned),
        ]
    };
    let kept = fixtures
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(_, one)| of(one))
        .flatten();
    let sent = requests.iter().filter_map(|one| {
        one["headers"]["authorization"]
            .as_str()?
            .split(' ')
            .nth(1)
            .map(str::to_owned)
    });
    kept.chain(sent).collect()
}
