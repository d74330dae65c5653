//! What a token must be to be accepted.
use super::jws::Jws;
use super::keys::PublishedKeys;
use super::{invalid, refuse, Inner, ProvenRequest, VerifiedToken, SKEW_SECONDS};
use crate::error::Result;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a kind of token must be.
pub(super) struct Rules {
    algorithms: &'static [&'static str],
    is_type: fn(&str) -> bool,
    required: &'static [&'static str],
}

/// RFC 9068 4: an id_token is no access token.
pub(super) const ACCESS_TOKEN: Rules = Rules {
    algorithms: &["ES256"],
    is_type: |typ| typ == "at+jwt",
    required: &["sub", "exp", "scope"],
};
/// And an access token says nothing of a sign-in here.
pub(super) const ID_TOKEN: Rules = Rules {
    algorithms: &["RS256", "ES256"],
    is_type: |typ| typ != "at+jwt",
    required: &["sub", "exp", "iat"],
};

impl Inner {
    pub(super) async fn checked(
        &self,
        token: &str,
        keys: &Arc<PublishedKeys>,
        rules: &Rules,
    ) -> Result<Map<String, Value>> {
        let jws = Jws::of(token).ok_or_else(|| invalid("The token is no JWT."))?;
        // RFC 8725 3.10: a header that names or holds another key is an attack.
        if ["jwk", "jku", "x5u", "x5c"]
            .iter()
            .any(|name| jws.header.contains_key(*name))
        {
            return Err(invalid("The token brings its own key."));
        }
        if !rules.algorithms.contains(&jws.alg()) {
            return Err(invalid("The algorithm of the token is not accepted."));
        }
        if !(rules.is_type)(&jws.typ()) {
            return Err(invalid("The token is of another type."));
        }
        let kid = jws
            .header
            .get("kid")
            .and_then(Value::as_str)
            .ok_or_else(|| invalid("The token names no key."))?;
        let key = keys
            .find(kid)
            .await?
            .ok_or_else(|| invalid("The issuer has no key of this name."))?;
        if !jws.is_signed_by(&key) {
            return Err(invalid("The signature of the token is not the issuer's."));
        }
        let claims = jws
            .claims()
            .ok_or_else(|| invalid("The token has no claims."))?;
        self.check_claims(&claims, rules)?;
        Ok(claims)
    }

    fn check_claims(&self, claims: &Map<String, Value>, rules: &Rules) -> Result<()> {
        let is_text =
            |name: &str, wanted: &str| claims.get(name).and_then(Value::as_str) == Some(wanted);
        if !is_text("iss", &self.issuer) {
            return Err(invalid("The token is of another issuer."));
        }
        // Of one API alone: a token for several could be used at each of them by the others.
        if !is_text("aud", &self.audience) {
            return Err(invalid("The token is not for this audience alone."));
        }
        let is_right = |name: &&str| match *name {
            "exp" | "iat" => claims.get(*name).is_some_and(Value::is_number),
            name => claims.get(name).is_some_and(Value::is_string),
        };
        if !rules.required.iter().all(is_right) {
            return Err(invalid("A claim of the token is missing."));
        }
        let now = self.clock.now().timestamp() as f64;
        let skew = f64::from(SKEW_SECONDS);
        if claims
            .get("exp")
            .and_then(Value::as_f64)
            .is_none_or(|exp| exp <= now - skew)
        {
            return Err(refuse("TOKEN_EXPIRED", "The token has expired."));
        }
        // A claim of another type is no time to begin with.
        if claims
            .get("nbf")
            .is_some_and(|nbf| nbf.as_f64().is_none_or(|nbf| nbf > now + skew))
        {
            return Err(invalid("The token is not valid yet."));
        }
        Ok(())
    }

    pub(super) async fn access_token(
        &self,
        token: &str,
        keys: &Arc<PublishedKeys>,
        request: Option<&ProvenRequest>,
    ) -> Result<VerifiedToken> {
        let claims = self.checked(token, keys, &ACCESS_TOKEN).await?;
        let text_of = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let member =
            |name: &str, part: &str| claims.get(name)?.get(part)?.as_str().map(str::to_owned);
        let scopes: Vec<String> = text_of("scope")
            .unwrap_or_default()
            .split(' ')
            .filter(|scope| !scope.is_empty())
            .map(str::to_owned)
            .collect();
        let missing: Vec<&str> = self
            .required_scopes
            .iter()
            .filter(|scope| !scopes.contains(scope))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(refuse(
                "SCOPE_MISSING",
                &format!("The token lacks {}.", missing.join(", ")),
            ));
        }
        let actor = member("act", "sub");
        if self.required_actor.is_some() && actor != self.required_actor {
            return Err(invalid("The token is not of the required actor."));
        }
        let confirmation = member("cnf", "jkt");
        if claims.contains_key("cnf") {
            self.proofs
                .check(token, confirmation.as_deref(), request, self.clock.now())?;
        }
        let seconds = claims
            .get("exp")
            .and_then(Value::as_f64)
            .unwrap_or_default();
        Ok(VerifiedToken {
            agent_id: text_of("sub").unwrap_or_default(),
            organization_id: text_of("organization_id").unwrap_or_default(),
            scopes,
            expires_at: DateTime::from_timestamp_millis((seconds * 1000.0) as i64)
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
            token_id: text_of("jti").unwrap_or_default(),
            actor,
            delegation_chain_id: text_of("delegation_chain"),
            confirmation,
            claims,
        })
    }
}
