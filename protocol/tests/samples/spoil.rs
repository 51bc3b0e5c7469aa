//! Every way to write the same thing differently, each of which must be refused.

/// The bytes of `whole`, with the only occurrence of `part` replaced.
pub fn replaced(whole: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    let found: Vec<usize> = (0..whole.len())
        .filter(|at| whole[*at..].starts_with(part))
        .collect();
    let [at] = found[..] else {
        panic!("{} occurrences", found.len())
    };
    [&whole[..at], by, &whole[at + part.len()..]].concat()
}

/// As [`replaced`], of the first occurrence.
pub fn first_replaced(whole: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    let at = (0..whole.len())
        .find(|at| whole[*at..].starts_with(part))
        .unwrap();
    [&whole[..at], by, &whole[at + part.len()..]].concat()
}

/// With one byte changed.
pub fn with_byte(whole: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    assert_ne!(bytes[at], byte);
    bytes[at] = byte;
    bytes
}

/// With something after it.
pub fn followed(whole: &[u8], by: &[u8]) -> Vec<u8> {
    [whole, by].concat()
}

/// Without its end.
pub fn cut(whole: &[u8], bytes: usize) -> Vec<u8> {
    whole[..whole.len() - bytes].to_vec()
}
