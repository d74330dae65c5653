//! Proofs of possession that come with requests (RFC 9449 4.3).
use super::jws::Jws;
use super::keys::PublicKey;
use super::SKEW_SECONDS;
use crate::error::{AgentIdPError, Result};
use crate::thumbprint::{sha256, thumbprint};
use chrono::{DateTime, Utc};
use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use url::Url;

/// The request that a token came with, for tokens that are bound to a key.
#[derive(Debug, Clone)]
pub struct ProvenRequest {
    /// The method of HTTP.
    pub method: String,
    /// The URL as the caller sees it: behind a proxy, the public one.
    pub url: String,
    /// The `DPoP` header.
    pub proof: String,
}

/// Replayed proofs are found among this many.
const MOST_PROOFS: usize = 10_000;
const ALGORITHMS: [&str; 5] = ["ES256", "EdDSA", "Ed25519", "RS256", "PS256"];
/// The members of private keys (RFC 7518 6.2.2, 6.3.2, 6.4).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Without query and fragment.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization() + url.path()
}

/// The id of a proof that is of this request, token and key. None for another one.
fn proven(
    token: &str,
    confirmation: &str,
    request: &ProvenRequest,
    place_of: &str,
    now: DateTime<Utc>,
) -> Option<String> {
    let jws = Jws::of(&request.proof)?;
    let jwk = jws.header.get("jwk")?;
    let is_private = PRIVATE.iter().any(|name| jwk.get(name).is_some());
    if is_private
        || jws.typ() != "dpop+jwt"
        || !ALGORITHMS.contains(&jws.alg())
        || !jws.is_signed_by(&PublicKey::of(jwk)?)
    {
        return None;
    }
    let claims = jws.claims()?;
    let text = |name: &str| claims.get(name)?.as_str();
    let age = now.timestamp() as f64 - claims.get("iat")?.as_f64()?;
    let is_recent = (f64::from(-SKEW_SECONDS)..=f64::from(2 * SKEW_SECONDS)).contains(&age);
    let is_fit = text("htm")? == request.method.to_ascii_uppercase()
        && place(&Url::parse(text("htu")?).ok()?) == place_of
        && text("ath")? == sha256(token)
        && thumbprint(jwk)? == confirmation;
    (is_recent && is_fit).then(|| text("jti").map(str::to_owned))?
}

#[derive(Default)]
struct Used {
    known: HashSet<String>,
    /// In the order of their use, with the second until which each is kept.
    queue: VecDeque<(String, i64)>,
}

/// The proofs that were used, as long as they could be used again.
#[derive(Default)]
pub(super) struct UsedProofs(Mutex<Used>);

impl UsedProofs {
    fn is_replayed(&self, proof: String, now: DateTime<Utc>) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Used { known, queue } = &mut *used;
        while queue
            .front()
            .is_some_and(|(_, until)| *until <= now.timestamp())
            || queue.len() >= MOST_PROOFS
        {
            if let Some((oldest, _)) = queue.pop_front() {
                known.remove(&oldest);
            }
        }
        if !known.insert(proof.clone()) {
            return true;
        }
        // From 60 s before `iat` to 120 s after it: nothing lives longer than this.
        queue.push_back((proof, now.timestamp() + i64::from(3 * SKEW_SECONDS) + 1));
        false
    }

    /// The checks of RFC 9449 4.3, for a token that is bound to the key `confirmation` names.
    pub(super) fn check(
        &self,
        token: &str,
        confirmation: Option<&str>,
        request: Option<&ProvenRequest>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let Some(request) = request else {
            return Err(super::refuse(
                "PROOF_MISSING",
                "The token is bound to a key, and there is no proof.",
            ));
        };
        let url = Url::parse(&request.url)
            .map_err(|_| AgentIdPError::config("The URL of the request is no URL."))?;
        let refuse = |why: &str| {
            super::refuse(
                "PROOF_NOT_VALID",
                &format!("The proof of possession is not valid{why}."),
            )
        };
        let confirmation = confirmation.ok_or_else(|| refuse(""))?;
        let id =
            proven(token, confirmation, request, &place(&url), now).ok_or_else(|| refuse(""))?;
        if self.is_replayed(sha256(format!("{confirmation}|{id}")), now) {
            return Err(refuse(": it was used before"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &str, url: &str, proof: &str) -> ProvenRequest {
        ProvenRequest {
            method: method.to_owned(),
            url: url.to_owned(),
            proof: proof.to_owned(),
        }
    }

    /// The example of RFC 9449 7.1: the request, its token, the thumbprint of the key, and the time.
    fn known() -> (ProvenRequest, &'static str, &'static str, DateTime<Utc>) {
        let proof = concat!(
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQy",
            "VVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJl",
            "MWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlh",
            "dCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOp",
            "txRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
        );
        let request = asked(
            "GET",
            "https://resource.example.org/protectedresource",
            proof,
        );
        let token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
        let key = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
        (
            request,
            token,
            key,
            DateTime::from_timestamp(1_562_262_618, 0).unwrap(),
        )
    }

    fn code(result: Result<()>) -> String {
        result.map_or_else(|error| error.code().to_owned(), |()| String::new())
    }

    #[test]
    fn the_example_of_rfc_9449_is_valid_once() {
        let (request, token, key, now) = known();
        let used = UsedProofs::default();
        assert_eq!(code(used.check(token, Some(key), Some(&request), now)), "");
        assert_eq!(
            code(used.check(token, Some(key), Some(&request), now)),
            "PROOF_NOT_VALID"
        );
        let fresh = || UsedProofs::default();
        assert_eq!(
            code(fresh().check(token, Some("other"), Some(&request), now)),
            "PROOF_NOT_VALID"
        );
        assert_eq!(
            code(fresh().check("other", Some(key), Some(&request), now)),
            "PROOF_NOT_VALID"
        );
        assert_eq!(
            code(fresh().check(token, None, Some(&request), now)),
            "PROOF_NOT_VALID"
        );
        assert_eq!(
            code(fresh().check(token, Some(key), None, now)),
            "PROOF_MISSING"
        );
        let post = ProvenRequest {
            method: "post".to_owned(),
            ..request.clone()
        };
        assert_eq!(
            code(fresh().check(token, Some(key), Some(&post), now)),
            "PROOF_NOT_VALID"
        );
        let get = asked(
            "get",
            "https://RESOURCE.example.org:443/protectedresource?a#b",
            &request.proof,
        );
        assert_eq!(code(fresh().check(token, Some(key), Some(&get), now)), "");
        for odd in [
            "",
            "a.b.c",
            "..",
            &request.proof[1..],
            &request.proof[..request.proof.len() - 4],
        ] {
            let odd = ProvenRequest {
                proof: odd.to_owned(),
                ..request.clone()
            };
            assert_eq!(
                code(fresh().check(token, Some(key), Some(&odd), now)),
                "PROOF_NOT_VALID"
            );
        }
    }

    #[test]
    fn used_proofs_are_forgotten_when_they_are_too_old_or_too_many() {
        let used = UsedProofs::default();
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        assert!(!used.is_replayed("first".to_owned(), at(0)));
        assert!(used.is_replayed("first".to_owned(), at(180)));
        assert!(!used.is_replayed("first".to_owned(), at(181)));
        for count in 1..MOST_PROOFS {
            assert!(!used.is_replayed(count.to_string(), at(200)));
        }
        assert!(used.is_replayed("2".to_owned(), at(200)));
        assert!(!used.is_replayed("first".to_owned(), at(200)));
    }
}
