//! Requests of tokens.
use crate::call::Answered;
use crate::credentials::{no_credentials, Credentials, Form};
use crate::engine::decoded;
use crate::error::Result;
use crate::generated::models::TokenResponse;
use crate::nonces::Nonces;
use crate::refusal::{refusal, Asked};
use crate::secret::Secret;
use crate::settings::{CallOptions, ProofRequest};
use crate::token::Wanted;
use crate::transport::{Outgoing, Preparing, Reply, Sending, Transport};
use std::sync::Arc;
use std::time::Duration;

/// What a token is asked for with.
pub(crate) struct Grant {
    call: &'static str,
    form: Form,
    asked: Asked,
}

impl Grant {
    pub(crate) fn client() -> Self {
        let form = vec![("grant_type", "client_credentials".to_owned())];
        Self {
            call: "tokens.issue",
            form,
            asked: Asked::Token,
        }
    }

    pub(crate) fn delegation(token: &Secret) -> Self {
        let form = vec![
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange".to_owned(),
            ),
            ("subject_token", token.expose().to_owned()),
            (
                "subject_token_type",
                "urn:sentryagent:token-type:delegation".to_owned(),
            ),
        ];
        Self {
            call: "tokens.exchangeDelegation",
            form,
            asked: Asked::Delegation,
        }
    }

    pub(crate) fn wanted(mut self, Wanted { scopes, resource }: &Wanted) -> Self {
        if let Some(scopes) = scopes.as_ref().filter(|scopes| !scopes.is_empty()) {
            self.form.push(("scope", scopes.join(" ")));
        }
        if let Some(resource) = resource {
            self.form.push(("resource", resource.clone()));
        }
        self
    }
}

#[derive(Clone)]
pub(crate) struct TokenEndpoint {
    transport: Arc<Transport>,
    base: String,
    nonces: Arc<Nonces>,
}

struct Request<'a> {
    endpoint: &'a TokenEndpoint,
    credentials: &'a Credentials,
    grant: &'a Grant,
    url: String,
    /// Monotonic: when the last attempt was sent.
    sent: Duration,
}

impl Preparing for Request<'_> {
    async fn outgoing(&mut self) -> Result<Outgoing> {
        let transport = &self.endpoint.transport;
        let now = transport.service_now();
        let request = self
            .credentials
            .token_request(self.endpoint.issuer(), now, &self.grant.form)
            .await?;
        let mut headers = request.headers;
        let mut secrets = request.secrets;
        let subject_token = |(name, _): &&(&str, String)| *name == "subject_token";
        let exchanged = self.grant.form.iter().find(subject_token);
        secrets.extend(exchanged.map(|(_, token)| Secret::from(token.as_str())));
        if let Some(key) = &transport.settings.dpop_key {
            let nonce = self.endpoint.nonces.get(&self.url);
            let proof = ProofRequest {
                method: "POST".to_owned(),
                url: self.url.clone(),
                access_token: None,
                nonce,
                now,
            };
            headers.push(("dpop", key.proof(proof).await?));
        }
        self.sent = transport.clock().monotonic();
        Ok(Outgoing {
            headers,
            body: Some(request.body),
            secrets,
        })
    }

    fn is_renewed(&mut self, reply: &Reply) -> bool {
        self.endpoint.nonces.is_asked(&self.url, reply)
            && self.endpoint.transport.settings.dpop_key.is_some()
    }
}

impl TokenEndpoint {
    pub(crate) fn new(transport: Arc<Transport>, base: String) -> Self {
        Self {
            transport,
            base,
            nonces: Arc::default(),
        }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn issuer(&self) -> &str {
        self.transport
            .settings
            .issuer
            .as_deref()
            .unwrap_or(&self.base)
    }

    /// A token for a grant, and the monotonic time at which its last request was sent.
    pub(crate) async fn issue(
        &self,
        credentials: &Credentials,
        grant: &Grant,
        max_retries: Option<u32>,
    ) -> Result<(Answered<TokenResponse>, Duration)> {
        self.issue_with(
            credentials,
            grant,
            &CallOptions {
                max_retries,
                ..CallOptions::default()
            },
        )
        .await
    }

    pub(crate) async fn issue_with(
        &self,
        credentials: &Credentials,
        grant: &Grant,
        options: &CallOptions,
    ) -> Result<(Answered<TokenResponse>, Duration)> {
        if !credentials.signs_in() {
            return Err(no_credentials(
                "This client has no credentials to sign in with.",
            ));
        }
        let url = format!("{}{}", self.base, credentials.path());
        let mut request = Request {
            endpoint: self,
            credentials,
            grant,
            url: url.clone(),
            sent: Duration::ZERO,
        };
        let sending = Sending {
            call: grant.call,
            method: "POST",
            route: credentials.path(),
            url,
            retry: credentials.retry(),
            asked: grant.asked,
            is_timed: self.transport.settings.dpop_key.is_some() || credentials.is_timed(),
            streams: false,
            accepts: "application/json",
            answering_statuses: &[],
        };
        let sent = self.transport.send(&sending, options, &mut request).await?;
        if sent.reply.status >= 300 {
            return Err(refusal(
                &sent.reply,
                grant.asked,
                sent.attempts,
                self.transport.clock().now(),
            ));
        }
        let value = decoded(&sent, self.transport.settings.refuse_unknown_fields)?;
        Ok((Answered::new(value, &sent), request.sent))
    }
}
