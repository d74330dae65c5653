//! Plain HTTP, until the SDK for Rust is published. It replaces this file.

use std::{net::IpAddr, time::Duration};

use anyhow::{bail, ensure, Context, Result};
use base64::prelude::{Engine, BASE64_STANDARD};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use ureq::{
    http::{Response, StatusCode, Uri},
    Agent, Body,
};

use crate::settings::Settings;

/// One agent at the identity provider.
#[derive(Clone)]
pub struct Client {
    http: Agent,
    url: String,
    pub id: String,
    secret: String,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

/// What the identity provider says of an error. The hint says what to do.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    code: String,
    message: String,
    hint: String,
    request_id: String,
}

impl Client {
    /// The agent of the settings `<prefix>_CLIENT_ID` and `<prefix>_CLIENT_SECRET`.
    pub fn new(settings: &Settings, prefix: &str) -> Result<Self> {
        let url = settings.require("AGENTIDP_API_URL")?.trim_end_matches('/');
        ensure!(
            is_secure(url),
            "AGENTIDP_API_URL must begin with https://, because secrets are sent to it: {url}"
        );
        let http = Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(30)))
            .http_status_as_error(false)
            // A redirect would send the credentials somewhere else.
            .max_redirects(0)
            .build()
            .new_agent();
        Ok(Self {
            http,
            url: url.to_owned(),
            id: settings.require(&format!("{prefix}_CLIENT_ID"))?.to_owned(),
            secret: settings
                .require(&format!("{prefix}_CLIENT_SECRET"))?
                .to_owned(),
        })
    }

    /// Gets an access token. Without a scope it has all scopes of the agent that need not be named.
    pub fn sign_in(&self, scope: Option<&str>) -> Result<String> {
        let grant = [("grant_type", "client_credentials")];
        self.request_token(grant.into_iter().chain(scope.map(|scope| ("scope", scope))))
    }

    /// Gets an access token to act for the delegator (RFC 8693).
    pub fn exchange(&self, delegation_token: &str) -> Result<String> {
        self.request_token([
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("subject_token", delegation_token),
            (
                "subject_token_type",
                "urn:sentryagent:token-type:delegation",
            ),
        ])
    }

    fn request_token<'a>(
        &self,
        form: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<String> {
        let basic = BASE64_STANDARD.encode(format!("{}:{}", self.id, self.secret));
        let sent = self
            .http
            .post(format!("{}/api/v1/token", self.url))
            .header("Authorization", format!("Basic {basic}"))
            .send_form(form);
        let answer: TokenAnswer = json(sent)?;
        Ok(answer.access_token)
    }

    pub fn get<T: DeserializeOwned>(&self, path: &str, token: &str) -> Result<T> {
        let request = self.http.get(format!("{}{path}", self.url));
        let sent = request
            .header("Authorization", format!("Bearer {token}"))
            .call();
        json(sent)
    }

    pub fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        token: &str,
        body: impl Serialize,
    ) -> Result<T> {
        let request = self.http.post(format!("{}{path}", self.url));
        let sent = request
            .header("Authorization", format!("Bearer {token}"))
            .send_json(body);
        json(sent)
    }

    pub fn delete(&self, path: &str, token: &str) -> Result<()> {
        let request = self.http.delete(format!("{}{path}", self.url));
        let sent = request
            .header("Authorization", format!("Bearer {token}"))
            .call();
        accepted(sent).map(drop)
    }
}

/// Reads the JSON of an answer.
fn json<T: DeserializeOwned>(sent: Result<Response<Body>, ureq::Error>) -> Result<T> {
    let mut response = accepted(sent)?;
    let read = response.body_mut().read_json();
    read.with_context(|| foreign(response.status()))
}

/// Says that a proxy, or another server, has answered.
fn foreign(status: StatusCode) -> String {
    format!(
        "the answer (status {status}) is not from the identity provider, check AGENTIDP_API_URL"
    )
}

/// Turns an answer that is no success into an error that says what to do.
fn accepted(sent: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>> {
    let mut response =
        sent.context("no answer: check AGENTIDP_API_URL, and that the identity provider runs")?;
    if !response.status().is_success() {
        let status = response.status();
        let Problem {
            code,
            message,
            hint,
            request_id,
        } = response
            .body_mut()
            .read_json()
            .with_context(|| foreign(status))?;
        bail!("{status} {code}: {message} {hint} (request {request_id})");
    }
    Ok(response)
}

/// Whether secrets that are sent to the address are not readable on a network.
fn is_secure(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_loopback,
        _ => false,
    }
}
