//! How an operation is sent: its sign-in, its attempts, and what an uncertain one left.
use super::request::Request;
use super::{Engine, Wish};
use crate::claims::unverified_claims;
use crate::error::Result;
use crate::operation::{Input, Operation};
use crate::refusal::{refusal, Asked};
use crate::retry::RetryClass;
use crate::secret::Secret;
use crate::settings::CallOptions;
use crate::token::Wanted;
use crate::transport::{Sending, Sent};
use serde_json::Value;

/// Whether a record holds what a change sent.
fn holds(record: &Value, sent: &Value) -> bool {
    match (record, sent) {
        (Value::Object(record), Value::Object(sent)) => sent
            .iter()
            .all(|(name, value)| holds(record.get(name).unwrap_or(&Value::Null), value)),
        (Value::Array(record), Value::Array(sent)) => {
            record.len() == sent.len()
                && record
                    .iter()
                    .zip(sent)
                    .all(|(record, sent)| holds(record, sent))
        }
        _ => record == sent,
    }
}

impl Engine {
    pub(super) async fn send(
        &self,
        operation: &Operation,
        input: &Input,
        options: &CallOptions,
        wish: Wish,
    ) -> Result<Sent> {
        self.unless_closed(self.answered(operation, input, options, wish))
            .await
    }

    async fn answered(
        &self,
        operation: &Operation,
        input: &Input,
        options: &CallOptions,
        wish: Wish,
    ) -> Result<Sent> {
        let own = self.own_rotation(operation, input).await?;
        let sent = self
            .sent(operation, own.as_ref().unwrap_or(input), options, wish)
            .await?;
        let status = sent.reply.status;
        let is_answering = operation.answering_statuses.contains(&status)
            // The same status has a problem when the service itself could not answer.
            && serde_json::from_str::<Value>(&sent.reply.text).is_ok_and(|value| value.get("checks").is_some());
        if status < 300 || is_answering {
            if own.is_some() {
                self.go_on_with(&sent);
            }
            return Ok(sent);
        }
        let error = refusal(
            &sent.reply,
            asked_by(operation),
            sent.attempts,
            self.transport.clock().now(),
        );
        let already_done =
            ["CREDENTIAL_ALREADY_REVOKED", "AGENT_ALREADY_DECOMMISSIONED"].contains(&error.code());
        // What a repeated DELETE finds when an earlier attempt did it.
        if sent.is_uncertain && operation.method == "DELETE" && (status == 404 || already_done) {
            return Ok(sent);
        }
        if sent.is_uncertain && status == 412 {
            if let Some(mut done) = self.done_before(operation, input, options, wish).await {
                done.attempts += sent.attempts;
                return Ok(done);
            }
        }
        Err(error)
    }

    /// The client's own credential is rotated by its secret (RFC 6749 2.3.1).
    async fn own_rotation(&self, operation: &Operation, input: &Input) -> Result<Option<Input>> {
        let credentials = self.tokens.credentials();
        let [agent_id, credential_id] = input.path.as_slice() else {
            return Ok(None);
        };
        if operation.call != "credentials.rotate" || credentials.client_id() != agent_id {
            return Ok(None);
        }
        let Some(basic) = credentials.basic() else {
            return Ok(None);
        };
        let token = self.tokens.token(Wanted::default()).await?;
        let claims = unverified_claims(token.access_token.expose());
        if claims.get("credential_id").and_then(Value::as_str) != Some(credential_id) {
            return Ok(None);
        }
        Ok(Some(Input {
            authorization: Some(Secret::from(basic)),
            ..input.clone()
        }))
    }

    /// After a rotation of the client's own secret. Without an overlap the tokens of the old one have ended.
    fn go_on_with(&self, sent: &Sent) {
        let answer: Value = serde_json::from_str(&sent.reply.text).unwrap_or_default();
        if let Some(secret) = answer.get("clientSecret").and_then(Value::as_str) {
            self.tokens.credentials().replace(Secret::from(secret));
            self.tokens.forget();
        }
    }

    async fn sent(
        &self,
        operation: &Operation,
        input: &Input,
        options: &CallOptions,
        wish: Wish,
    ) -> Result<Sent> {
        if let Some(error) = &input.error {
            return Err(error.clone());
        }
        let url = format!("{}{}", self.base, input.filled_path(operation.path)?);
        let key = (operation.retry == RetryClass::Keyed).then(|| {
            options
                .idempotency_key
                .clone()
                .unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
        });
        let sending = Sending {
            call: operation.call,
            method: operation.method,
            route: operation.path,
            url: url.clone() + &input.query_text(),
            retry: operation.retry,
            asked: asked_by(operation),
            is_timed: self.settings().dpop_key.is_some(),
            streams: wish == Wish::Bytes,
            accepts: if matches!(wish, Wish::Bytes | Wish::Text) {
                "*/*"
            } else {
                "application/json"
            },
            answering_statuses: operation.answering_statuses,
        };
        let mut request = Request {
            engine: self,
            operation,
            input,
            if_match: options.if_match.as_deref(),
            key,
            body: input.body_text(operation.form),
            url,
            token: None,
            is_refused: false,
        };
        self.transport.send(&sending, options, &mut request).await
    }

    /// After a 412: the record, where an earlier attempt, whose answer was lost, made the change.
    async fn done_before(
        &self,
        operation: &Operation,
        input: &Input,
        options: &CallOptions,
        wish: Wish,
    ) -> Option<Sent> {
        let reading = Operation {
            method: "GET",
            retry: RetryClass::Read,
            ..operation.clone()
        };
        let asked = Input {
            path: input.path.clone(),
            ..Input::default()
        };
        let options = CallOptions {
            if_match: None,
            ..options.clone()
        };
        let sent = self.sent(&reading, &asked, &options, wish).await.ok()?;
        if operation.method == "DELETE" {
            return (sent.reply.status == 404).then_some(sent);
        }
        let change: Value = serde_json::from_str(input.body.as_ref()?.expose()).ok()?;
        let record: Value = serde_json::from_str(&sent.reply.text).ok()?;
        (sent.reply.status == 200 && holds(&record, &change)).then_some(sent)
    }
}

fn asked_by(operation: &Operation) -> Asked {
    if operation.call == "delegations.create" {
        Asked::Delegation
    } else {
        Asked::Api
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_holds_a_change_when_every_member_of_it_is_there() {
        let record = json!({ "a": 1, "b": { "c": [1, 2] }, "d": null });
        for (sent, expected) in [
            (json!({ "a": 1 }), true),
            (json!({ "b": { "c": [1, 2] }, "d": null }), true),
            (json!({ "b": { "c": [1] } }), false),
            (json!({ "a": 2 }), false),
            (json!({ "e": 1 }), false),
        ] {
            assert_eq!(holds(&record, &sent), expected, "{sent}");
        }
    }
}
