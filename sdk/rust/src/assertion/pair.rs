//! Key pairs, out of a JWK or PEM.
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair, ECDSA_P256_SHA256_FIXED_SIGNING, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256,
};
use base64::prelude::{Engine as _, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

pub(super) enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair, bool),
}

impl Pair {
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ecdsa(_) => "ES256",
            Self::Ed25519(_) => "EdDSA",
            Self::Rsa(_, false) => "RS256",
            Self::Rsa(_, true) => "PS256",
        }
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Ecdsa(pair) => Some(pair.sign(&random, bytes).ok()?.as_ref().to_vec()),
            Self::Ed25519(pair) => Some(pair.sign(bytes).as_ref().to_vec()),
            Self::Rsa(pair, is_pss) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let padding: &dyn aws_lc_rs::signature::RsaEncoding = if *is_pss {
                    &RSA_PSS_SHA256
                } else {
                    &RSA_PKCS1_SHA256
                };
                pair.sign(padding, &random, bytes, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

/// An integer, or a sequence, of DER (X.690 8.1).
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match content.len() {
        length @ 0..=127 => bytes.push(length as u8),
        length => {
            let digits: Vec<u8> = length
                .to_be_bytes()
                .into_iter()
                .skip_while(|byte| *byte == 0)
                .collect();
            bytes.push(0x80 | digits.len() as u8);
            bytes.extend(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

pub(super) fn member(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(jwk.get(name)?.as_str()?).ok()
}

/// `RSAPrivateKey` of RFC 8017 A.1.2.
fn rsa_pair(jwk: &Value) -> Option<RsaKeyPair> {
    let mut content = der(2, &[0]);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        let mut digits: Vec<u8> = member(jwk, name)?
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect();
        // A first bit of 1 would be a minus.
        if digits.first().is_none_or(|byte| *byte >= 0x80) {
            digits.insert(0, 0);
        }
        content.extend(der(2, &digits));
    }
    RsaKeyPair::from_der(&der(0x30, &content)).ok()
}

pub(super) fn jwk_pair(jwk: &Value) -> Option<Pair> {
    let alg = jwk.get("alg").and_then(Value::as_str);
    match (
        jwk.get("kty")?.as_str()?,
        jwk.get("crv").and_then(Value::as_str),
    ) {
        ("EC", Some("P-256")) => {
            let point = [vec![4], member(jwk, "x")?, member(jwk, "y")?].concat();
            let pair = EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                &member(jwk, "d")?,
                &point,
            );
            Some(Pair::Ecdsa(pair.ok()?))
        }
        ("OKP", Some("Ed25519")) => {
            let pair =
                Ed25519KeyPair::from_seed_and_public_key(&member(jwk, "d")?, &member(jwk, "x")?);
            Some(Pair::Ed25519(pair.ok()?))
        }
        ("RSA", _) => Some(Pair::Rsa(rsa_pair(jwk)?, alg == Some("PS256"))),
        _ => None,
    }
}

/// The form names the kind of key; the one algorithm that fits reads it.
pub(super) fn pem_pair(pem: &str) -> Option<Pair> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (base64, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let bytes = BASE64_STANDARD
        .decode(base64.split_whitespace().collect::<String>())
        .ok()?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &bytes)
        .map(Pair::Ecdsa)
        .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes).map(Pair::Ed25519))
        .or_else(|_| RsaKeyPair::from_pkcs8(&bytes).map(|pair| Pair::Rsa(pair, false)))
        .ok()
}
