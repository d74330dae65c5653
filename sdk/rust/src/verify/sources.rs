//! Where the keys of an issuer are: behind its metadata, or in the DID document of an agent.
use super::invalid;
use super::keys::{Document, Fetch, Read, REFETCH};
use crate::error::ErrorKind;
use serde_json::Value;
use url::Url;

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

fn list(mut value: Value, name: &str) -> Vec<Value> {
    match value.get_mut(name).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// Reads the metadata of the issuer, and the keys that it names.
pub(super) fn published(fetch: &Fetch, base: &str, issuer: &str) -> Read {
    let (fetch, base, issuer) = (fetch.clone(), base.to_owned(), issuer.to_owned());
    Box::new(move || {
        let (fetch, base, issuer) = (fetch.clone(), base.clone(), issuer.clone());
        Box::pin(async move {
            let metadata = fetch(format!("{base}/.well-known/oauth-authorization-server"))
                .await?
                .value;
            if text(&metadata, "issuer") != Some(issuer.as_str()) {
                return Err(invalid("The metadata is of another issuer."));
            }
            // The same host as the issuer: metadata of another place would bring another's keys.
            let url = text(&metadata, "jwks_uri").and_then(|url| Url::parse(url).ok());
            let is_own =
                |url: &Url| Url::parse(&base).is_ok_and(|base| base.origin() == url.origin());
            let url = url
                .filter(is_own)
                .ok_or_else(|| invalid("The keys are at another host."))?;
            let fetched = fetch(url.into()).await?;
            let keys = list(fetched.value, "keys");
            let named = keys
                .into_iter()
                .filter_map(|jwk| Some((text(&jwk, "kid")?.to_owned(), jwk)));
            Ok(Document {
                keys: named.collect(),
                lifetime: fetched.lifetime,
            })
        })
    })
}

/// As a part of a DID (did:web: a port, and all that separates, is encoded).
fn encoded(part: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    part.bytes()
        .map(|byte| {
            if is_plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

/// The DID of the service whose documents are below `base`.
pub(super) fn service_did(base: &str) -> String {
    let place = base.split_once("://").map_or(base, |(_, place)| place);
    let parts: Vec<String> = place
        .split('/')
        .filter(|part| !part.is_empty())
        .map(encoded)
        .collect();
    format!("did:web:{}", parts.join(":"))
}

/// Reads the service's keys in the DID document of an agent.
pub(super) fn published_by_did(fetch: &Fetch, base: &str, agent_id: &str) -> Read {
    let (fetch, url) = (fetch.clone(), format!("{base}/agents/{agent_id}/did.json"));
    let service = service_did(base);
    let did = format!("{service}:agents:{agent_id}");
    Box::new(move || {
        let (fetch, url, service, did) = (fetch.clone(), url.clone(), service.clone(), did.clone());
        Box::pin(async move {
            let fetched = match fetch(url).await {
                Ok(fetched) => fetched,
                // No such subject, or not any more: it has no keys, and is not looked up again for a while.
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let keys = Vec::new();
                    return Ok(Document {
                        keys,
                        lifetime: REFETCH,
                    });
                }
                Err(error) => return Err(error),
            };
            if text(&fetched.value, "id") != Some(did.as_str()) {
                return Err(invalid("The DID document is of another subject."));
            }
            // The agent's own keys are in the document too; only the service signs tokens.
            let own = |method: &Value| {
                let kid = text(method, "id")?
                    .strip_prefix(did.as_str())?
                    .strip_prefix('#')?;
                let is_service = text(method, "controller")? == service;
                Some((kid.to_owned(), method.get("publicKeyJwk")?.clone())).filter(|_| is_service)
            };
            let methods = list(fetched.value, "verificationMethod");
            Ok(Document {
                keys: methods.iter().filter_map(own).collect(),
                lifetime: fetched.lifetime,
            })
        })
    })
}
