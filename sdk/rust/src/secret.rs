//! A text that no log shows.
use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cell::Cell;
use std::fmt;

pub(crate) const REDACTED: &str = "[redacted]";

thread_local! {
    static IS_EXPOSING: Cell<bool> = const { Cell::new(false) };
}

/// A secret: every way to print it says `[redacted]`, JSON too. [`Secret::expose`] gives the text.
///
/// ```
/// use sentryagent_idp::Secret;
///
/// let secret = Secret::from("sa_sec_example");
/// assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
/// assert_eq!(secret.expose(), "sa_sec_example");
/// ```
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself. Keep it out of logs, errors and URLs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl From<&Secret> for Secret {
    fn from(secret: &Secret) -> Self {
        secret.clone()
    }
}

/// In constant time.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.0.as_bytes()).is_ok()
    }
}

impl Eq for Secret {}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if IS_EXPOSING.get() { &self.0 } else { REDACTED })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// JSON with the texts of its secrets: a body to send, or a record for a vault. Never print it.
///
/// # Errors
/// Of the value's own serialization.
pub fn exposed_json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<serde_json::Value> {
    /// Ends the exposure also when a serialization panics.
    struct Exposing(bool);
    impl Drop for Exposing {
        fn drop(&mut self) {
            IS_EXPOSING.set(self.0);
        }
    }
    let _exposing = Exposing(IS_EXPOSING.replace(true));
    serde_json::to_value(value)
}

fn is_token_char(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// The length of what `is_part` holds for, from the beginning of `text`.
fn run(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| is_part(*byte)).count()
}

/// How long the secret is that `text` begins with; 0 for none.
fn secret_length(text: &str) -> usize {
    let after_prefix = text.strip_prefix("sa_del_").unwrap_or(text);
    if after_prefix.starts_with("eyJ") {
        let prefix = text.len() - after_prefix.len();
        let length = run(after_prefix, |byte| is_token_char(byte) || byte == b'.');
        if after_prefix[..length].contains('.') {
            return prefix + length;
        }
    }
    if let Some(rest) = text.strip_prefix("whsec_") {
        return 6 + run(rest, |byte| is_token_char(byte) || b"+/=".contains(&byte));
    }
    if let Some(rest) = text.strip_prefix("sa_") {
        let kind = run(rest, |byte| byte.is_ascii_lowercase());
        if kind > 0 && rest[kind..].starts_with('_') {
            let length = run(&rest[kind + 1..], is_token_char);
            if length >= 20 {
                return 3 + kind + 1 + length;
            }
        }
    }
    if text.starts_with("-----BEGIN ")
        && text
            .lines()
            .next()
            .is_some_and(|line| line.contains("PRIVATE KEY"))
    {
        return text.len();
    }
    0
}

/// How long the name and the beginning of a member of JSON are whose value is a secret; 0 for none.
fn member_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix('"') else {
        return 0;
    };
    let length = run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = rest[..length].to_ascii_lowercase();
    let is_secret = name == "d"
        || ["secret", "token", "assertion", "password"]
            .iter()
            .any(|one| name.contains(one));
    let after = &rest[length..];
    if !is_secret || !after.starts_with('"') {
        return 0;
    }
    let value = after[1..].trim_start();
    let Some(value) = value.strip_prefix(':').map(str::trim_start) else {
        return 0;
    };
    if value.starts_with('"') {
        text.len() - value.len() + 1
    } else {
        0
    }
}

/// A text of the service, without what looks like a secret.
pub(crate) fn redacted_text(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let secret = secret_length(rest);
        if secret > 0 {
            shown.push_str(REDACTED);
            rest = &rest[secret..];
            continue;
        }
        let member = member_length(rest);
        if member > 0 {
            shown.push_str(&rest[..member]);
            rest = &rest[member..];
            let value = rest.find('"').unwrap_or(rest.len());
            if value > 0 {
                shown.push_str(REDACTED);
            }
            rest = &rest[value..];
            continue;
        }
        shown.push(first);
        rest = &rest[first.len_utf8()..];
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_redacted() {
        for (text, shown) in [
            (
                "The token eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln is odd.",
                "The token [redacted] is odd.",
            ),
            ("sa_del_eyJhbGciOiJFUzI1NiJ9.e30.AA", "[redacted]"),
            (
                r#"{"clientSecret":"abc","id":"1"}"#,
                r#"{"clientSecret":"[redacted]","id":"1"}"#,
            ),
            (
                r#"{"access_token": "cut of"#,
                r#"{"access_token": "[redacted]"#,
            ),
            (r#"{"d":"AAECAw","x":"y"}"#, r#"{"d":"[redacted]","x":"y"}"#),
            (
                "whsec_AAEC= sa_sec_Zm9yIHRoZSBleGFtcGxlIG9u é",
                "[redacted] [redacted] é",
            ),
            ("key -----BEGIN EC PRIVATE KEY-----\nabc", "key [redacted]"),
            (
                "the word eyJ and sa_sec_short",
                "the word eyJ and sa_sec_short",
            ),
        ] {
            assert_eq!(redacted_text(text), shown);
        }
    }

    #[test]
    fn json_has_the_text_only_where_it_is_sent() {
        let secret = Secret::from("abc");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""[redacted]""#);
        assert_eq!(exposed_json(&secret).unwrap(), "abc");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""[redacted]""#);
        assert!(secret == Secret::from("abc") && secret != Secret::from("abd"));
    }
}
