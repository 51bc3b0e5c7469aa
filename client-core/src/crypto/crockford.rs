//! Crockford's base 32 (<https://www.crockford.com/base32.html>): digits and capital letters without I, L, O and U, read
//! in either case, with O read as 0 and I and L as 1; hyphens and white space are not read.

use data_encoding::BASE32HEX_NOPAD;
use zeroize::Zeroizing;

/// RFC 4648's "extended hex" alphabet, whose bits the library turns into bytes, and Crockford's in the same order.
const HEX: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Encodes, with a hyphen after every `group` characters.
pub(super) fn encode(bytes: &[u8], group: usize) -> Zeroizing<String> {
    let hex = Zeroizing::new(BASE32HEX_NOPAD.encode(bytes));
    let mut text = Zeroizing::new(String::with_capacity(hex.len() * 2));
    for (at, c) in hex.bytes().enumerate() {
        if at > 0 && at % group == 0 {
            text.push('-');
        }
        if let Some(value) = HEX.iter().position(|h| *h == c) {
            text.push(char::from(CROCKFORD[value]));
        }
    }
    text
}

/// What a text cannot be decoded for.
pub(super) enum Fault {
    /// A character that is none of the alphabet's.
    Character(char),
    /// Another length than the wanted one; the characters that were read.
    Length(usize),
}

/// Decodes exactly `N` bytes, where `N` is a multiple of 5.
pub(super) fn decode<const N: usize>(text: &str) -> Result<Zeroizing<[u8; N]>, Fault> {
    let mut hex = Zeroizing::new(Vec::with_capacity(N / 5 * 8 + 1));
    let mut read = 0;
    for c in text.chars().filter(|c| *c != '-' && !c.is_whitespace()) {
        let upper = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let value = CROCKFORD
            .iter()
            .position(|a| char::from(*a) == upper)
            .ok_or(Fault::Character(c))?;
        read += 1;
        if hex.len() < hex.capacity() {
            hex.push(HEX[value]);
        }
    }
    if read != N / 5 * 8 {
        return Err(Fault::Length(read));
    }
    let mut bytes = Zeroizing::new([0; N]);
    match BASE32HEX_NOPAD.decode_mut(&hex, bytes.as_mut()) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(Fault::Length(read)),
    }
}
