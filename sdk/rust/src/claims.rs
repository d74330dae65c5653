//! Reads the claims of a token without any check. Nothing may be decided by them that the service does not check again.
use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The JSON of a part of a JWS: 0 is the header, 1 the payload.
pub(crate) fn segment(token: &str, index: usize) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').nth(index)?)
        .ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Empty for what is no JWT.
pub(crate) fn unverified_claims(token: &str) -> Map<String, Value> {
    match segment(token, 1) {
        Some(Value::Object(claims)) => claims,
        _ => Map::new(),
    }
}
