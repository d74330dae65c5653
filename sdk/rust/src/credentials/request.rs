//! The request of a token, as each kind of credentials sends it.
use super::{called, no_credentials, Credentials, Form, Kind};
use crate::error::{AgentIdPError, Result};
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use serde_json::json;
use std::sync::PoisonError;

/// A request of a token, without its proof.
pub(crate) struct TokenRequest {
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// What the body has of them, and the client secret.
    pub(crate) secrets: Vec<Secret>,
}

impl Credentials {
    pub(crate) async fn token_request(
        &self,
        issuer: &str,
        now: DateTime<Utc>,
        form: &Form,
    ) -> Result<TokenRequest> {
        let form_type = (
            "content-type",
            "application/x-www-form-urlencoded".to_owned(),
        );
        let written = |form: &Form| {
            url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish()
        };
        match &self.0 {
            Kind::ClientSecret { secret, .. } => {
                let authorization = ("authorization", self.basic().unwrap_or_default());
                Ok(TokenRequest {
                    headers: vec![form_type, authorization],
                    body: written(form),
                    secrets: vec![secret
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .clone()],
                })
            }
            Kind::PrivateKeyJwt { client_id, signer } => {
                let signer = signer.as_ref().as_ref().map_err(Clone::clone)?;
                let iat = now.timestamp();
                let claims = json!({
                    "iss": client_id, "sub": client_id, "aud": issuer, "iat": iat, "exp": iat + 60,
                    "jti": uuid::Uuid::new_v4().to_string(),
                });
                let mut form = form.clone();
                form.push(("client_id", client_id.clone()));
                form.push((
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
                ));
                let assertion = signer.signed(&claims).await?;
                form.push(("client_assertion", assertion.clone()));
                Ok(TokenRequest {
                    headers: vec![form_type],
                    body: written(&form),
                    secrets: vec![Secret::from(assertion)],
                })
            }
            Kind::WorkloadToken { agent_id, token } => {
                let value = |name: &str| {
                    form.iter()
                        .find(|(known, _)| *known == name)
                        .map(|(_, value)| value)
                };
                if value("grant_type").map(String::as_str) != Some("client_credentials") {
                    return Err(AgentIdPError::config(
                        "A workload token cannot exchange a delegation.",
                    ));
                }
                let token = called(token).await?;
                let mut body = json!({ "token": token.expose(), "agentId": agent_id });
                for name in ["scope", "resource"] {
                    if let Some(value) = value(name) {
                        body[name] = json!(value);
                    }
                }
                let headers = vec![("content-type", "application/json".to_owned())];
                Ok(TokenRequest {
                    headers,
                    body: body.to_string(),
                    secrets: vec![token],
                })
            }
            Kind::AccessToken { .. } | Kind::None => Err(no_credentials(
                "This client has no credentials to sign in with.",
            )),
        }
    }
}
