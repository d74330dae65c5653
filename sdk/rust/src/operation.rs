//! What the generated methods say of an operation.
use crate::error::{AgentIdPError, Result};
use crate::retry::RetryClass;
use crate::secret::{exposed_json, Secret};
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded::Serializer;

/// Whether a call needs a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    None,
    /// A public call that answers more with a token.
    Optional,
    Required,
}

#[derive(Debug, Clone)]
pub(crate) struct Operation {
    /// Part and method, such as `agents.get`.
    pub(crate) call: &'static str,
    pub(crate) method: &'static str,
    /// With parameters in braces, in the order of the input's.
    pub(crate) path: &'static str,
    pub(crate) retry: RetryClass,
    pub(crate) authentication: Authentication,
    pub(crate) form: bool,
    /// Error statuses whose body is the answer.
    pub(crate) answering_statuses: &'static [u16],
}

/// What a call sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    pub(crate) path: Vec<String>,
    /// In place of the operation's, for requests that the library has no method for.
    pub(crate) literal_path: Option<String>,
    pub(crate) query: Vec<(String, String)>,
    /// With the texts of its secrets. It is never printed: the text is kept as a secret.
    pub(crate) body: Option<Secret>,
    /// Those in the body.
    pub(crate) secrets: Vec<Secret>,
    /// The scopes of the token, where the call needs others than the client's.
    pub(crate) scopes: Option<Vec<String>>,
    /// `Authorization` in place of a token's.
    pub(crate) authorization: Option<Secret>,
    /// What cannot be sent.
    pub(crate) error: Option<AgentIdPError>,
}

/// The texts that a value has only where it is exposed.
fn secrets_of(exposed: &Value, hidden: &Value, found: &mut Vec<Secret>) {
    match (exposed, hidden) {
        (Value::String(text), Value::String(shown)) if text != shown => {
            found.push(Secret::from(text.as_str()));
        }
        (Value::Array(items), Value::Array(shown)) => {
            for (item, shown) in items.iter().zip(shown) {
                secrets_of(item, shown, found);
            }
        }
        (Value::Object(members), Value::Object(shown)) => {
            for (name, member) in members {
                secrets_of(member, shown.get(name).unwrap_or(&Value::Null), found);
            }
        }
        _ => {}
    }
}

impl Input {
    pub(crate) fn path(mut self, value: String) -> Self {
        self.path.push(value);
        self
    }

    /// The last value of a name is sent.
    pub(crate) fn query(mut self, name: &str, value: String) -> Self {
        self.query.retain(|(known, _)| known != name);
        self.query.push((name.to_owned(), value));
        self
    }

    pub(crate) fn body<T: Serialize>(mut self, body: &T) -> Self {
        match exposed_json(body) {
            Ok(value) => {
                let hidden = serde_json::to_value(body).unwrap_or_default();
                secrets_of(&value, &hidden, &mut self.secrets);
                self.body = Some(Secret::from(value.to_string()));
            }
            Err(_) => {
                self.error = Some(AgentIdPError::config("The body cannot be written as JSON."))
            }
        }
        self
    }

    /// The path and the query, after the base.
    pub(crate) fn filled_path(&self, template: &str) -> Result<String> {
        if let Some(path) = &self.literal_path {
            return Ok(path.clone());
        }
        let mut values = self.path.iter();
        let mut path = String::new();
        for (index, segment) in template.split('/').enumerate() {
            if index > 0 {
                path.push('/');
            }
            match segment
                .split_once('{')
                .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
            {
                None => path.push_str(segment),
                Some((before, (name, after))) => {
                    let value = values.next().map_or("", String::as_str);
                    // An empty one, or a dot segment, would be another path.
                    if matches!(value, "" | "." | "..") {
                        return Err(AgentIdPError::config(format!(
                            "`{name}` must be the id of a record."
                        )));
                    }
                    path.push_str(before);
                    // A form writes a space as `+`; a path does not.
                    let encoded: String =
                        url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                    path.push_str(&encoded.replace('+', "%20"));
                    path.push_str(after);
                }
            }
        }
        Ok(path)
    }

    pub(crate) fn query_text(&self) -> String {
        if self.query.is_empty() {
            return String::new();
        }
        format!(
            "?{}",
            Serializer::new(String::new())
                .extend_pairs(&self.query)
                .finish()
        )
    }

    pub(crate) fn body_text(&self, is_form: bool) -> Option<String> {
        let json = self.body.as_ref()?.expose();
        if !is_form {
            return Some(json.to_owned());
        }
        let Ok(Value::Object(members)) = serde_json::from_str(json) else {
            return None;
        };
        let pairs = members
            .iter()
            .filter_map(|(name, value)| value.as_str().map(|text| (name, text)));
        Some(Serializer::new(String::new()).extend_pairs(pairs).finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_one_segment() {
        let filled = |value: &str| {
            Input::default()
                .path(value.to_owned())
                .filled_path("/agents/{agentId}/did.json")
        };
        assert_eq!(filled("a/b?c d").unwrap(), "/agents/a%2Fb%3Fc%20d/did.json");
        for value in ["", ".", ".."] {
            assert!(matches!(filled(value), Err(AgentIdPError::Config(_))));
        }
    }

    #[test]
    fn the_last_value_of_a_query_is_sent() {
        let input = Input::default()
            .query("limit", "100".into())
            .query("limit", "5".into())
            .query("q", "a b".into());
        assert_eq!(input.query_text(), "?limit=5&q=a+b");
    }
}
