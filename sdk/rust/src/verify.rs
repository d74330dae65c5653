//! Verifies tokens of the service: offline with its published keys, or by asking it.
use crate::claims::{base64url, segment, unverified_claims};
use crate::client::AgentIdPClient;
use crate::clock::{Clock, SystemClock};
use crate::error::{AgentIdPError, ErrorFacts, ErrorKind, Result};
use crate::generated::models::Introspection;
use crate::secret::Secret;
use crate::settings::base_url;
use aws_lc_rs::digest::{digest, SHA256};
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{decode, decode_header, Algorithm, DecodingKey, Header, Validation};
use reqwest::redirect::Policy;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use url::Url;

/// A document of keys lives this long unless `Cache-Control` says otherwise.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// An unknown `kid` makes the keys be fetched at most this often.
const REFETCH: Duration = Duration::from_secs(30);
/// Clocks may differ by this.
const SKEW_SECONDS: i64 = 60;
/// Replayed proofs are found among this many, and keys are kept for this many subjects.
const MOST_PROOFS: usize = 10_000;
const MOST_SUBJECTS: usize = 1_000;

/// The request that a token came with, for tokens that are bound to a key (RFC 9449).
#[derive(Debug, Clone)]
pub struct ProvenRequest {
    /// The method of HTTP.
    pub method: String,
    /// As the caller sees it: behind a proxy, the public URL.
    pub url: String,
    /// The `DPoP` header.
    pub proof: String,
}

/// A verified access token.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VerifiedToken {
    /// Whose token it is.
    pub agent_id: String,
    /// Of this organization.
    pub organization_id: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// When it ends.
    #[serde(with = "crate::instant")]
    pub expires_at: DateTime<Utc>,
    /// The id of the token.
    pub token_id: String,
    /// The agent that acts for the agent, by a delegation.
    pub actor: Option<String>,
    /// The delegation.
    pub delegation_chain_id: Option<String>,
    /// The thumbprint of the key that the token is bound to.
    pub confirmation: Option<String>,
    /// All claims.
    pub claims: Map<String, Value>,
}

fn refuse(message: impl Into<String>) -> AgentIdPError {
    AgentIdPError::of(ErrorKind::Auth, "TOKEN_NOT_VALID", message)
}

fn bad_proof(message: &str) -> AgentIdPError {
    AgentIdPError::of(ErrorKind::Auth, "PROOF_NOT_VALID", message)
}

fn locked<T>(mutex: &StdMutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    claims.get(name)?.as_str().map(str::to_owned)
}

/// A JSON document of the issuer, with how long it may be kept.
struct Fetched {
    value: Value,
    lifetime: Duration,
}

async fn fetched(http: &reqwest::Client, url: &str) -> Result<Fetched> {
    let failure = |kind, message: &str, http_status| {
        let facts = ErrorFacts {
            code: "KEYS_NOT_FETCHED".to_owned(),
            message: message.to_owned(),
            http_status,
            attempts: 1,
            ..ErrorFacts::default()
        };
        AgentIdPError::new(kind, facts)
    };
    let request = http
        .get(url)
        .header("accept", "application/json, application/did+json")
        .timeout(Duration::from_secs(10));
    let mut response = request.send().await.map_err(|_| {
        failure(
            ErrorKind::Http,
            "The keys of the issuer could not be fetched.",
            None,
        )
    })?;
    let status = response.status().as_u16();
    if status != 200 {
        let kind = if status == 404 {
            ErrorKind::NotFound
        } else {
            ErrorKind::Api
        };
        return Err(failure(
            kind,
            "The issuer did not answer with its keys.",
            Some(status),
        ));
    }
    let cache = response
        .headers()
        .get("cache-control")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let seconds = cache
        .split(',')
        .find_map(|part| part.trim().strip_prefix("max-age=")?.parse().ok());
    let lifetime = seconds.map_or(DEFAULT_LIFETIME, Duration::from_secs);
    let mut bytes = Vec::new();
    let broken = |_| {
        failure(
            ErrorKind::Http,
            "The keys of the issuer could not be fetched.",
            None,
        )
    };
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > 1024 * 1024 {
            return Err(failure(
                ErrorKind::Api,
                "The document of the issuer is too long.",
                Some(status),
            ));
        }
    }
    let value = serde_json::from_slice(&bytes).map_err(|_| {
        failure(
            ErrorKind::Serde,
            "The document of the issuer is no JSON.",
            Some(status),
        )
    })?;
    Ok(Fetched { value, lifetime })
}

/// The keys of one document, by `kid`: bounded in how often they are fetched, and in what a failure costs.
#[derive(Default)]
struct Keys {
    by_kid: HashMap<String, Jwk>,
    stale: Option<Duration>,
    tried: Option<Duration>,
}

type PublishedKeys = Arc<Mutex<Keys>>;

/// Where keys come from.
#[derive(Clone, Copy)]
enum Source<'a> {
    Issuer,
    /// The DID document of an agent.
    Subject(&'a str),
}

/// Options of a [`TokenVerifier`].
#[must_use]
pub struct VerifierBuilder {
    issuer: String,
    audience: String,
    required_scopes: Vec<String>,
    required_actor: Option<String>,
    http_client: Option<reqwest::Client>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for VerifierBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("VerifierBuilder")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

impl VerifierBuilder {
    /// Only tokens with these scopes.
    pub fn required_scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.required_scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Only tokens by which this agent acts for another one.
    pub fn required_actor(mut self, agent_id: impl Into<String>) -> Self {
        self.required_actor = Some(agent_id.into());
        self
    }

    /// An HTTP client of the program's. It must follow no redirect.
    pub fn http_client(mut self, client: reqwest::Client) -> Self {
        self.http_client = Some(client);
        self
    }

    /// For tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The verifier.
    ///
    /// # Errors
    /// `Config` for an issuer that is no safe URL, and without an audience.
    pub fn build(self) -> Result<TokenVerifier> {
        let base = base_url(Some(&self.issuer))?;
        if self.audience.is_empty() {
            return Err(AgentIdPError::config(
                "A verifier needs the audience of its API.",
            ));
        }
        let made = || reqwest::Client::builder().redirect(Policy::none()).build();
        let http = self.http_client.clone().map_or_else(made, Ok);
        let http = http.map_err(|_| {
            AgentIdPError::config("The HTTP client cannot be made: TLS has no certificates.")
        })?;
        Ok(TokenVerifier {
            options: self,
            base,
            http,
            keys: Arc::default(),
            by_agent: StdMutex::default(),
            proofs: StdMutex::default(),
        })
    }
}

/// Verifies access tokens of one API. Make one for the whole program: it keeps the keys.
///
/// ```no_run
/// use sentryagent_idp::verify::TokenVerifier;
///
/// # async fn example(token: &str) -> Result<(), sentryagent_idp::AgentIdPError> {
/// let verifier = TokenVerifier::builder("https://idp.example.com", "https://api.example.com").build()?;
/// let facts = verifier.verify(token).await?;
/// println!("{} may {:?}", facts.agent_id, facts.scopes);
/// # Ok(())
/// # }
/// ```
pub struct TokenVerifier {
    options: VerifierBuilder,
    base: String,
    http: reqwest::Client,
    keys: PublishedKeys,
    by_agent: StdMutex<HashMap<String, PublishedKeys>>,
    /// Proofs that were used, with the time until which they are kept.
    proofs: StdMutex<VecDeque<(String, DateTime<Utc>)>>,
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TokenVerifier")
            .field("issuer", &self.options.issuer)
            .finish_non_exhaustive()
    }
}

/// A header that names or holds another key is an attack (RFC 8725 3.10).
fn header_of(token: &str) -> Result<(Header, String)> {
    let header = decode_header(token)
        .map_err(|_| refuse("The token is no JWT, or its algorithm is not accepted."))?;
    if header.jwk.is_some() || header.jku.is_some() || header.x5u.is_some() || header.x5c.is_some()
    {
        return Err(refuse("The token brings its own key."));
    }
    let kid = header
        .kid
        .clone()
        .ok_or_else(|| refuse("The token names no key."))?;
    Ok((header, kid))
}

/// The key by the form of a key of this algorithm: ES256 with P-256, RS256 with RSA.
fn decoding_key(jwk: &Jwk) -> Result<DecodingKey> {
    DecodingKey::from_jwk(jwk).map_err(|_| refuse("The key of the issuer cannot be read."))
}

impl TokenVerifier {
    /// `issuer` is the URL of the service, exactly as it is in `iss`; `audience` is your API: what a token must be for, and for
    /// nothing else.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>) -> VerifierBuilder {
        VerifierBuilder {
            issuer: issuer.into(),
            audience: audience.into(),
            required_scopes: Vec::new(),
            required_actor: None,
            http_client: None,
            clock: Arc::new(SystemClock::default()),
        }
    }

    /// The facts of an access token, by the published keys. A revoked token is accepted until it expires; [`Online`] asks. A token
    /// that is bound to a key is refused: [`TokenVerifier::verify_proven`] takes its proof.
    ///
    /// # Errors
    /// `Auth`.
    pub async fn verify(&self, token: impl Into<Secret>) -> Result<VerifiedToken> {
        self.access_token(token.into().expose(), Source::Issuer, None)
            .await
    }

    /// The same for a token with the proof of its key (RFC 9449). A token that is bound to no key needs none.
    ///
    /// # Errors
    /// `Auth`.
    pub async fn verify_proven(
        &self,
        token: impl Into<Secret>,
        request: &ProvenRequest,
    ) -> Result<VerifiedToken> {
        self.access_token(token.into().expose(), Source::Issuer, Some(request))
            .await
    }

    /// The same by the DID document of the token's subject alone: no metadata, no JWKS. The key must be the service's, under its
    /// `kid`.
    ///
    /// # Errors
    /// `Auth`.
    pub async fn verify_by_did(&self, token: impl Into<Secret>) -> Result<VerifiedToken> {
        let token = token.into();
        let subject = text(&unverified_claims(token.expose()), "sub").unwrap_or_default();
        // The id is a part of the URL, so it is nothing but an id.
        if !uuid::Uuid::try_parse(&subject).is_ok_and(|id| id.to_string() == subject) {
            return Err(refuse("The token has no subject."));
        }
        self.access_token(token.expose(), Source::Subject(&subject), None)
            .await
    }

    /// The claims of an id_token for the audience, which is then the id of the client.
    ///
    /// # Errors
    /// `Auth`.
    pub async fn verify_id_token(&self, token: impl Into<Secret>) -> Result<Map<String, Value>> {
        let token = token.into();
        let (header, _) = header_of(token.expose())?;
        // RFC 9068 4 the other way: an access token says nothing of a sign-in here.
        if header
            .typ
            .is_some_and(|typ| typ.eq_ignore_ascii_case("at+jwt"))
        {
            return Err(refuse("An access token is no id_token."));
        }
        let accepted = [Algorithm::RS256, Algorithm::ES256];
        self.checked(
            token.expose(),
            Source::Issuer,
            &accepted,
            &["sub", "exp", "iat"],
        )
        .await
    }

    async fn checked(
        &self,
        token: &str,
        source: Source<'_>,
        accepted: &[Algorithm],
        required: &[&str],
    ) -> Result<Map<String, Value>> {
        let (header, kid) = header_of(token)?;
        if !accepted.contains(&header.alg) {
            return Err(refuse("The algorithm of the token is not accepted."));
        }
        let Some(jwk) = self.key(source, &kid).await? else {
            return Err(refuse("The issuer has no key of this name."));
        };
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.options.issuer]);
        validation.set_audience(&[&self.options.audience]);
        validation.set_required_spec_claims(&["iss", "aud"]);
        // Times are compared below, by the verifier's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<Map<String, Value>>(token, &decoding_key(&jwk)?, &validation)
            .map_err(|_| refuse("The token is not valid."))?
            .claims;
        if let Some(name) = required.iter().find(|name| !claims.contains_key(**name)) {
            return Err(refuse(format!("The token has no {name}.")));
        }
        let seconds = |name: &str| {
            claims
                .get(name)
                .map(|value| value.as_f64().unwrap_or(f64::NAN))
        };
        let now = self.options.clock.now().timestamp() as f64;
        let skew = SKEW_SECONDS as f64;
        if seconds("exp").is_some_and(|exp| exp.is_nan())
            || seconds("nbf").is_some_and(|nbf| nbf.is_nan() || nbf > now + skew)
        {
            return Err(refuse("The token is not valid."));
        }
        if seconds("exp").is_some_and(|exp| exp <= now - skew) {
            return Err(AgentIdPError::of(
                ErrorKind::Auth,
                "TOKEN_EXPIRED",
                "The token has expired.",
            ));
        }
        Ok(claims)
    }

    async fn access_token(
        &self,
        token: &str,
        source: Source<'_>,
        request: Option<&ProvenRequest>,
    ) -> Result<VerifiedToken> {
        let (header, _) = header_of(token)?;
        // RFC 9068 4: an id_token is no access token.
        let typ = header.typ.unwrap_or_default().to_ascii_lowercase();
        if typ.strip_prefix("application/").unwrap_or(&typ) != "at+jwt" {
            return Err(refuse("The token is no access token."));
        }
        let claims = self
            .checked(token, source, &[Algorithm::ES256], &["sub", "exp", "scope"])
            .await?;
        let VerifierBuilder {
            audience,
            required_scopes,
            required_actor,
            ..
        } = &self.options;
        if claims.get("aud").and_then(Value::as_str) != Some(audience) {
            return Err(refuse("The token is for several APIs."));
        }
        let scopes: Vec<String> = text(&claims, "scope")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let missing: Vec<&str> = required_scopes
            .iter()
            .filter(|scope| !scopes.contains(scope))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let message = format!("The token lacks {}.", missing.join(", "));
            return Err(AgentIdPError::of(ErrorKind::Auth, "SCOPE_MISSING", message));
        }
        let within =
            |name: &str, member: &str| claims.get(name)?.get(member)?.as_str().map(str::to_owned);
        let actor = within("act", "sub");
        if required_actor.is_some() && actor != *required_actor {
            return Err(refuse("The token is not of the required actor."));
        }
        let confirmation = within("cnf", "jkt");
        if claims.contains_key("cnf") {
            let Some(request) = request else {
                let message = "The token is bound to a key, and there is no proof.";
                return Err(AgentIdPError::of(ErrorKind::Auth, "PROOF_MISSING", message));
            };
            self.check_proof(token, confirmation.as_deref(), request)?;
        }
        let expires = claims
            .get("exp")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        Ok(VerifiedToken {
            agent_id: text(&claims, "sub").unwrap_or_default(),
            organization_id: text(&claims, "organization_id").unwrap_or_default(),
            scopes,
            expires_at: DateTime::from_timestamp(expires as i64, 0)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
            token_id: text(&claims, "jti").unwrap_or_default(),
            actor,
            delegation_chain_id: text(&claims, "delegation_chain"),
            confirmation,
            claims,
        })
    }

    /// The checks of RFC 9449 4.3.
    fn check_proof(
        &self,
        token: &str,
        thumbprint: Option<&str>,
        request: &ProvenRequest,
    ) -> Result<()> {
        let broken = || bad_proof("The proof of possession is not valid.");
        let header = decode_header(&request.proof).map_err(|_| broken())?;
        let jwk = header
            .jwk
            .filter(|_| header.typ.as_deref() == Some("dpop+jwt"))
            .ok_or_else(broken)?;
        // A proof that gives its private key away proves nothing.
        if segment(&request.proof, 0).is_none_or(|raw| raw["jwk"].get("d").is_some()) {
            return Err(broken());
        }
        let accepted = [
            Algorithm::ES256,
            Algorithm::EdDSA,
            Algorithm::RS256,
            Algorithm::PS256,
        ];
        if !accepted.contains(&header.alg) {
            return Err(broken());
        }
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| broken())?;
        let claims = decode::<Map<String, Value>>(&request.proof, &key, &validation)
            .map_err(|_| broken())?
            .claims;
        let now = self.options.clock.now();
        let age = now.timestamp()
            - claims
                .get("iat")
                .and_then(Value::as_i64)
                .ok_or_else(broken)?;
        if !(-SKEW_SECONDS..=2 * SKEW_SECONDS).contains(&age) {
            return Err(bad_proof("The proof is of another time."));
        }
        let place = |url: &str| {
            Url::parse(url)
                .ok()
                .map(|url| (url.origin(), url.path().to_owned()))
        };
        let claimed = text(&claims, "htu")
            .and_then(|url| place(&url))
            .ok_or_else(broken)?;
        let is_fit = text(&claims, "htm")
            .is_some_and(|method| method == request.method.to_uppercase())
            && Some(claimed) == place(&request.url)
            && text(&claims, "ath") == Some(base64url(digest(&SHA256, token.as_bytes())))
            && jwk.thumbprint(ThumbprintHash::SHA256).ok().as_deref() == thumbprint;
        let jti = text(&claims, "jti").ok_or_else(broken)?;
        if !is_fit {
            return Err(bad_proof("The proof is of another request, token or key."));
        }
        let id = format!("{}|{jti}", thumbprint.unwrap_or_default());
        let mut proofs = locked(&self.proofs);
        while proofs.len() >= MOST_PROOFS || proofs.front().is_some_and(|(_, until)| *until <= now)
        {
            proofs.pop_front();
        }
        if proofs.iter().any(|(known, _)| *known == id) {
            return Err(bad_proof("The proof was used before."));
        }
        proofs.push_back((id, now + chrono::TimeDelta::seconds(4 * SKEW_SECONDS)));
        Ok(())
    }

    /// The key; None for a `kid` that the source does not have. One fetch at a time, for all callers; the old keys stay when it
    /// fails.
    async fn key(&self, source: Source<'_>, kid: &str) -> Result<Option<Jwk>> {
        let published = match source {
            Source::Issuer => Arc::clone(&self.keys),
            Source::Subject(agent_id) => {
                let mut by_agent = locked(&self.by_agent);
                if by_agent.len() >= MOST_SUBJECTS && !by_agent.contains_key(agent_id) {
                    by_agent.clear();
                }
                Arc::clone(by_agent.entry(agent_id.to_owned()).or_default())
            }
        };
        let clock = &self.options.clock;
        let mut keys = published.lock().await;
        let now = clock.monotonic();
        let is_stale = keys.stale.is_none_or(|stale| now >= stale);
        let may_fetch = keys.tried.is_none_or(|tried| now >= tried + REFETCH);
        let is_known = keys.by_kid.contains_key(kid);
        if (is_stale && (may_fetch || keys.by_kid.is_empty())) || (!is_known && may_fetch) {
            keys.tried = Some(now);
            let read = match source {
                Source::Issuer => self.published().await,
                Source::Subject(agent_id) => self.of_did(agent_id).await,
            };
            match read {
                Ok((by_kid, lifetime)) => {
                    keys.by_kid = by_kid;
                    keys.stale = Some(clock.monotonic() + lifetime);
                }
                Err(error) if !is_known => return Err(error),
                Err(_) => {}
            }
        }
        Ok(keys.by_kid.get(kid).cloned())
    }

    async fn published(&self) -> Result<(HashMap<String, Jwk>, Duration)> {
        let metadata = fetched(
            &self.http,
            &format!("{}/.well-known/oauth-authorization-server", self.base),
        )
        .await?
        .value;
        if metadata["issuer"] != self.options.issuer {
            return Err(refuse("The metadata is of another issuer."));
        }
        // The same host as the issuer: metadata of another place would bring another's keys.
        let origin = |url: &str| Url::parse(url).map(|url| url.origin()).ok();
        let url = metadata["jwks_uri"]
            .as_str()
            .filter(|url| origin(url).is_some() && origin(url) == origin(&self.base));
        let Some(url) = url else {
            return Err(refuse("The keys are at another host."));
        };
        let Fetched { value, lifetime } = fetched(&self.http, url).await?;
        let keys = value["keys"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|jwk| {
                let kid = jwk["kid"].as_str()?.to_owned();
                Some((kid, serde_json::from_value(jwk.clone()).ok()?))
            });
        Ok((keys.collect(), lifetime))
    }

    async fn of_did(&self, agent_id: &str) -> Result<(HashMap<String, Jwk>, Duration)> {
        let url = Url::parse(&self.base).map_err(|_| refuse("The issuer is no URL."))?;
        let port = url
            .port()
            .map(|port| format!("%3A{port}"))
            .unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let path: String = url
            .path()
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| format!(":{part}"))
            .collect();
        let service = format!("did:web:{host}{path}");
        let did = format!("{service}:agents:{agent_id}");
        let Fetched { value, lifetime } = fetched(
            &self.http,
            &format!("{}/agents/{agent_id}/did.json", self.base),
        )
        .await?;
        if value["id"] != did.as_str() {
            return Err(refuse("The DID document is of another subject."));
        }
        // The agent's own keys are in the document too; only the service signs tokens.
        let methods = value["verificationMethod"].as_array().into_iter().flatten();
        let keys = methods
            .filter(|method| method["controller"] == service.as_str())
            .filter_map(|method| {
                let kid = method["id"]
                    .as_str()?
                    .strip_prefix(&did)?
                    .strip_prefix('#')?
                    .to_owned();
                Some((
                    kid,
                    serde_json::from_value(method["publicKeyJwk"].clone()).ok()?,
                ))
            });
        Ok((keys.collect(), lifetime))
    }
}

/// Asks the service about tokens (RFC 7662), so that a revoked one is refused.
pub struct Online {
    client: AgentIdPClient,
    lifetime: Duration,
    kept: StdMutex<HashMap<Vec<u8>, (Introspection, Duration)>>,
}

impl fmt::Debug for Online {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Online")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Online {
    /// `cache` is how long an answer is used again, at most 10 seconds. A revocation is seen that much later.
    #[must_use]
    pub fn new(client: AgentIdPClient, cache: Duration) -> Self {
        Self {
            client,
            lifetime: cache.min(Duration::from_secs(10)),
            kept: StdMutex::default(),
        }
    }

    /// What the service says of an active token.
    ///
    /// # Errors
    /// `Auth` with `TOKEN_NOT_ACTIVE`, or as the call.
    pub async fn verify(&self, token: impl Into<Secret>) -> Result<Introspection> {
        let token = token.into();
        let key = digest(&SHA256, token.expose().as_bytes()).as_ref().to_vec();
        let clock = &self.client.engine.settings().clock;
        let known = locked(&self.kept)
            .get(&key)
            .filter(|(_, until)| *until > clock.monotonic())
            .cloned();
        let facts = match known {
            Some((facts, _)) => facts,
            None => {
                let facts = self.client.tokens().introspect(&token).await?;
                if !self.lifetime.is_zero() {
                    let mut kept = locked(&self.kept);
                    if kept.len() >= MOST_SUBJECTS {
                        kept.clear();
                    }
                    kept.insert(key, (facts.clone(), clock.monotonic() + self.lifetime));
                }
                facts
            }
        };
        if facts.active {
            Ok(facts)
        } else {
            Err(AgentIdPError::of(
                ErrorKind::Auth,
                "TOKEN_NOT_ACTIVE",
                "The token is not active.",
            ))
        }
    }
}
