//! The nonces of proofs.
use crate::refusal::challenge_error;
use crate::transport::Reply;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use url::Url;

/// The nonces that servers asked for in proofs (RFC 9449 8, 9), by origin.
#[derive(Default)]
pub(crate) struct Nonces(Mutex<HashMap<String, String>>);

fn origin_of(url: &str) -> String {
    Url::parse(url)
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default()
}

impl Nonces {
    pub(crate) fn get(&self, url: &str) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&origin_of(url))
            .cloned()
    }

    /// Keeps the nonce of an answer. Whether the request was refused for want of it.
    pub(crate) fn is_asked(&self, url: &str, reply: &Reply) -> bool {
        let Some(nonce) = reply.header("dpop-nonce") else {
            return false;
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(origin_of(url), nonce.to_owned());
        matches!(reply.status, 400 | 401)
            && (challenge_error(&reply.headers).as_deref() == Some("use_dpop_nonce")
                || reply.text.contains("\"use_dpop_nonce\""))
    }
}
