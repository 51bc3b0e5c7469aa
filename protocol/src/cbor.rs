//! Deterministic CBOR (RFC 8949 §4.2): one value has one encoding, and nothing else is accepted.

use minicbor::{Decode, Encode};

use crate::rule::Rule;

/// The one encoding of `value`.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    encode_into(value, &mut out);
    out
}

/// Appends the one encoding of `value` to `out`.
pub fn encode_into<T: Encode<()>>(value: &T, out: &mut Vec<u8>) {
    if minicbor::encode(value, out).is_err() {
        unreachable!("writing CBOR to memory cannot fail");
    }
}

/// Decodes `bytes`, and refuses ([`Rule::Malformed`]) whatever does not re-encode to exactly themselves: unknown fields,
/// trailing bytes, longer integers, indefinite lengths, duplicate or unordered keys.
pub fn decode<T>(bytes: &[u8]) -> Result<T, Rule>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    let value: T = minicbor::decode(bytes).map_err(|_| Rule::Malformed)?;
    if encode(&value) == bytes {
        Ok(value)
    } else {
        Err(Rule::Malformed)
    }
}
