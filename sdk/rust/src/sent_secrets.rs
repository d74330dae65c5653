//! The secrets of a request, in every form in which an answer can repeat them.
use crate::secret::{redacted_text, Secret, REDACTED};
use base64::prelude::{
    Engine as _, BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD,
};

/// Shorter texts stay: they are parts of ordinary words.
const SHORTEST: usize = 6;

/// What a request sent that no error may show.
#[derive(Clone, Default)]
pub(crate) struct SentSecrets(Vec<Secret>);

impl SentSecrets {
    /// The secrets of the body, and those of the headers.
    pub(crate) fn of(secrets: &[Secret], headers: &[(&'static str, String)]) -> Self {
        let mut all = secrets.to_vec();
        for (name, value) in headers {
            if matches!(*name, "authorization" | "dpop") {
                all.push(Secret::from(value.as_str()));
                // Without the scheme.
                all.extend(value.split_once(' ').map(|(_, rest)| Secret::from(rest)));
            }
        }
        Self(all)
    }

    fn forms(&self) -> Vec<String> {
        let mut forms = Vec::new();
        for secret in &self.0 {
            let text = secret.expose();
            if text.len() < SHORTEST {
                continue;
            }
            let in_json = serde_json::Value::from(text).to_string();
            forms.extend([
                text.to_owned(),
                in_json[1..in_json.len() - 1].to_owned(),
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
                BASE64_STANDARD.encode(text),
                BASE64_STANDARD_NO_PAD.encode(text),
                BASE64_URL_SAFE_NO_PAD.encode(text),
            ]);
        }
        // A form can be a part of another one.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        forms
    }

    /// A text of the service, without what was sent as a secret and what looks like one.
    pub(crate) fn redacted(&self, text: &str) -> String {
        redacted_text(&self.without(text))
    }

    /// A text of the service, without what was sent as a secret.
    pub(crate) fn without(&self, text: &str) -> String {
        self.forms()
            .iter()
            .fold(text.to_owned(), |text, form| text.replace(form, REDACTED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_redacted_in_every_form() {
        let secrets = [Secret::from("p\"ss wörd/1")];
        let headers = [("authorization", "Basic bXktaWQ6c2VjcmV0".to_owned())];
        let sent = SentSecrets::of(&secrets, &headers);
        for text in [
            "p\"ss wörd/1",
            r#"p\"ss wörd/1"#,
            "p%22ss+w%C3%B6rd%2F1",
            "cCJzcyB3w7ZyZC8x",
            "Basic bXktaWQ6c2VjcmV0",
            "bXktaWQ6c2VjcmV0",
        ] {
            assert_eq!(
                sent.redacted(&format!("It was {text}.")),
                "It was [redacted]."
            );
        }
        assert_eq!(sent.redacted("It was Basic."), "It was Basic.");
    }
}
