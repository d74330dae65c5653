//! Signatures of deliveries: the keys of a secret, and what is read out of headers.
use crate::secret::Secret;
use aws_lc_rs::hmac;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::Engine as _;

/// With and without `=`: not every sender writes it.
pub(super) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Clone)]
pub(super) struct Keys {
    /// Of Standard Webhooks: the decoded secret.
    pub(super) standard: hmac::Key,
    /// Of `X-SentryAgent-Signature`: the secret as a text, prefix included.
    pub(super) legacy: hmac::Key,
}

pub(super) fn keys_of(secret: &Secret) -> Option<Keys> {
    let text = secret.expose();
    let bytes = BASE64
        .decode(text.strip_prefix("whsec_")?)
        .ok()
        .filter(|bytes| !bytes.is_empty())?;
    let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
    Some(Keys {
        standard: key(&bytes),
        legacy: key(text.as_bytes()),
    })
}

/// The first value of each name; empty for a missing one, and for one that is no text.
pub(super) fn header_values<N: AsRef<str>, V: AsRef<[u8]>, const COUNT: usize>(
    headers: impl IntoIterator<Item = (N, V)>,
    names: [&str; COUNT],
) -> [String; COUNT] {
    let mut values = [const { None }; COUNT];
    for (name, value) in headers {
        if let Some(index) = names
            .iter()
            .position(|one| one.eq_ignore_ascii_case(name.as_ref()))
        {
            values[index].get_or_insert_with(|| {
                String::from_utf8(value.as_ref().to_vec()).unwrap_or_default()
            });
        }
    }
    values.map(Option::unwrap_or_default)
}

/// Tries every key with every signature, in constant time.
pub(super) fn is_signed<'a>(
    keys: impl Iterator<Item = &'a hmac::Key>,
    given: &[Vec<u8>],
    signed: &[u8],
) -> bool {
    let mut is_found = false;
    for key in keys {
        for signature in given {
            is_found |= hmac::verify(key, signed, signature).is_ok();
        }
    }
    is_found
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let pairs = is_hex.then(|| (0..64).step_by(2))?;
    pairs
        .map(|index| u8::from_str_radix(&text[index..index + 2], 16).ok())
        .collect()
}
