//! The attempts of an operation: the token, the proof and the headers of each.
use super::Engine;
use crate::credentials::no_credentials;
use crate::error::Result;
use crate::generated::codes::UNAUTHORIZED;
use crate::operation::{Authentication, Input, Operation};
use crate::refusal::challenge_error;
use crate::settings::ProofRequest;
use crate::token::{Token, Wanted};
use crate::transport::{Outgoing, Preparing, Reply};
use serde_json::Value;

/// Makes the attempts of an operation.
pub(super) struct Request<'a> {
    pub(super) engine: &'a Engine,
    pub(super) operation: &'a Operation,
    pub(super) input: &'a Input,
    pub(super) if_match: Option<&'a str>,
    pub(super) key: Option<String>,
    pub(super) body: Option<String>,
    /// Without the query: what a proof is for.
    pub(super) url: String,
    pub(super) token: Option<Token>,
    pub(super) is_refused: bool,
}

/// Whether the service refused the token. A proxy can drop the challenge, so the code of the problem says it too.
fn is_token_refused(reply: &Reply) -> bool {
    if reply.status != 401 {
        return false;
    }
    if reply.header("www-authenticate").is_some() {
        return challenge_error(&reply.headers).as_deref() == Some("invalid_token");
    }
    serde_json::from_str::<Value>(&reply.text)
        .is_ok_and(|problem| problem.get("code").and_then(Value::as_str) == Some(UNAUTHORIZED))
}

impl Preparing for Request<'_> {
    async fn outgoing(&mut self) -> Result<Outgoing> {
        let tokens = &self.engine.tokens;
        if let Some(refused) = self.token.take().filter(|_| self.is_refused) {
            tokens.drop_token(&refused).await;
        }
        self.is_refused = false;
        self.token = self.engine.token_for(self.operation, self.input).await?;
        let mut headers = Vec::new();
        if self.body.is_some() {
            let form = "application/x-www-form-urlencoded";
            headers.push((
                "content-type",
                if self.operation.form {
                    form
                } else {
                    "application/json"
                }
                .to_owned(),
            ));
        }
        if let Some(key) = &self.key {
            headers.push(("idempotency-key", key.clone()));
        }
        if let Some(etag) = self.if_match {
            headers.push(("if-match", etag.to_owned()));
        }
        if let Some(authorization) = &self.input.authorization {
            headers.push(("authorization", authorization.expose().to_owned()));
        }
        if let Some(token) = &self.token {
            headers.extend(
                self.engine
                    .authorization(token, self.operation.method, &self.url)
                    .await?,
            );
        }
        Ok(Outgoing {
            headers,
            body: self.body.clone(),
            secrets: self.input.secrets.clone(),
        })
    }

    fn is_renewed(&mut self, reply: &Reply) -> bool {
        if self.token.is_none() {
            return false;
        }
        let has_key = self.engine.settings().dpop_key.is_some();
        if self.engine.nonces.is_asked(&self.url, reply) && has_key {
            return true;
        }
        self.is_refused = is_token_refused(reply);
        self.is_refused && self.engine.tokens.credentials().can_renew()
    }
}

impl Engine {
    async fn token_for(&self, operation: &Operation, input: &Input) -> Result<Option<Token>> {
        if operation.authentication == Authentication::None || input.authorization.is_some() {
            return Ok(None);
        }
        if self.tokens.credentials().is_none() {
            if operation.authentication == Authentication::Optional {
                return Ok(None);
            }
            return Err(no_credentials(&format!(
                "`{}` needs credentials, and this client has none.",
                operation.call
            )));
        }
        let wanted = Wanted {
            scopes: input.scopes.clone(),
            resource: None,
        };
        self.tokens.token(wanted).await.map(Some)
    }

    async fn authorization(
        &self,
        token: &Token,
        method: &str,
        url: &str,
    ) -> Result<Vec<(&'static str, String)>> {
        let access_token = &token.access_token;
        let Some(key) = &self.settings().dpop_key else {
            return Ok(vec![(
                "authorization",
                format!("{} {}", token.token_type, access_token.expose()),
            )]);
        };
        let request = ProofRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            access_token: Some(access_token.clone()),
            nonce: self.nonces.get(url),
            now: self.transport.service_now(),
        };
        let proof = key.proof(request).await?;
        Ok(vec![
            ("authorization", format!("DPoP {}", access_token.expose())),
            ("dpop", proof),
        ])
    }
}
