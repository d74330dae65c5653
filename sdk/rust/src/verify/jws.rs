//! The parts of a signed token (RFC 7515), before and after its signature is verified.
use super::keys::PublicKey;
use base64::prelude::{Engine as _, BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

type Members = Map<String, Value>;

/// A token whose signature is not verified yet, so its claims are not to be had by a field.
pub(super) struct Jws<'a> {
    pub(super) header: Members,
    input: &'a str,
    payload: &'a str,
    signature: &'a str,
}

fn members(part: &str) -> Option<Members> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

impl<'a> Jws<'a> {
    /// None for what is no token, and for one with extensions (RFC 7515 4.1.11), of which none is known here.
    pub(super) fn of(token: &'a str) -> Option<Self> {
        let (input, signature) = token.rsplit_once('.')?;
        let (header, payload) = input.split_once('.')?;
        let header = members(header)?;
        let is_extended = header.contains_key("crit") || header.contains_key("b64");
        (!is_extended).then_some(Self {
            header,
            input,
            payload,
            signature,
        })
    }

    fn text(&self, name: &str) -> &str {
        self.header
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(super) fn alg(&self) -> &str {
        self.text("alg")
    }

    /// In lower case, without `application/`, which may be left out (RFC 7515 4.1.9).
    pub(super) fn typ(&self) -> String {
        let typ = self.text("typ").to_ascii_lowercase();
        typ.strip_prefix("application/")
            .map(str::to_owned)
            .unwrap_or(typ)
    }

    /// Whether the key made the signature, with the algorithm of the header. The caller has decided that it accepts it.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let alg = self.alg();
        let algorithm = match alg {
            "ES256" => Algorithm::ES256,
            "RS256" => Algorithm::RS256,
            "PS256" => Algorithm::PS256,
            // RFC 9864 has the second name.
            "EdDSA" | "Ed25519" => Algorithm::EdDSA,
            _ => return false,
        };
        let is_for = key.alg.as_deref().is_none_or(|own| own == alg);
        // By its own provider: the one of the process can be missing where the program has two of them.
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key.key);
        let signature = BASE64_URL_SAFE_NO_PAD.decode(self.signature);
        match (verifier, signature) {
            (Ok(verifier), Ok(signature)) => {
                is_for && verifier.verify(self.input.as_bytes(), &signature).is_ok()
            }
            _ => false,
        }
    }

    /// The claims. None for a payload that is no JSON object.
    pub(super) fn claims(&self) -> Option<Members> {
        members(self.payload)
    }
}
