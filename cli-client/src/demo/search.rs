//! Looking for secrets in bytes: as they are written, and in the forms in which careless programs leave them.

use std::path::Path;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER};
use memchr::memmem;

/// Letters from which a word of a secret is looked for by itself.
const WORD: usize = 6;
/// Words in a row that are looked for where one alone says nothing.
const RUN: usize = 3;

/// A secret in one of its forms.
#[derive(Debug, Clone)]
pub struct Needle {
    /// The secret.
    pub secret: String,
    /// Its form, in a word.
    pub form: &'static str,
    bytes: Vec<u8>,
    /// Whether letters' case does not matter.
    folded: bool,
}

/// Every form of every secret, and of every long word of it.
pub fn needles<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Vec<Needle> {
    let mut texts: Vec<String> = Vec::new();
    for secret in secrets {
        texts.push(secret.trim().to_owned());
        let words = secret.split(|c: char| !c.is_alphanumeric());
        texts.extend(
            words
                .filter(|word| word.chars().count() >= WORD)
                .map(str::to_owned),
        );
    }
    texts.sort();
    texts.dedup();
    texts.iter().flat_map(|text| forms(text)).collect()
}

/// Every form of every few words in a row of a secret whose words are anybody's: each alone may be there by chance.
pub fn runs(secret: &str) -> Vec<Needle> {
    let words: Vec<&str> = secret.split(' ').collect();
    let texts = words.windows(RUN).map(|run| run.join(" "));
    texts.flat_map(|text| forms(&text)).collect()
}

fn forms(text: &str) -> Vec<Needle> {
    // Folded as the haystack is, byte by byte: wide characters have bytes that look like capital letters.
    let needle = |form, bytes: Vec<u8>, folded| {
        let bytes = if folded { bytes.to_ascii_lowercase() } else { bytes };
        Needle {
            secret: text.to_owned(),
            form,
            bytes,
            folded,
        }
    };
    let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let mut all = vec![
        needle("UTF-8", text.as_bytes().to_vec(), true),
        needle("UTF-16LE", wide(u16::to_le_bytes), true),
        needle("UTF-16BE", wide(u16::to_be_bytes), true),
        // Of both spellings: what is searched is folded, digits of hexadecimal included.
        needle("hex", HEXLOWER.encode(text.as_bytes()).into_bytes(), true),
    ];
    for (form, encoding) in [("base64", BASE64_NOPAD), ("base64url", BASE64URL_NOPAD)] {
        for offset in 0..3 {
            all.push(needle(
                form,
                base64_within(&encoding, text.as_bytes(), offset),
                false,
            ));
        }
    }
    all
}

/// What is always there when `bytes` is encoded within something longer, `offset` bytes past a multiple of three: the digits that
/// no neighbour has a part in.
fn base64_within(encoding: &Encoding, bytes: &[u8], offset: usize) -> Vec<u8> {
    let padded = [&vec![0; offset][..], bytes].concat();
    let digits = encoding.encode(&padded).into_bytes();
    let (first, end) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    digits.get(first..end).unwrap_or_default().to_vec()
}

/// The first needle that is in the haystack.
pub fn find<'a>(haystack: &[u8], needles: &'a [Needle]) -> Option<&'a Needle> {
    let folded = haystack.to_ascii_lowercase();
    needles.iter().find(|needle| {
        let haystack = if needle.folded { &folded } else { haystack };
        memmem::find(haystack, &needle.bytes).is_some()
    })
}

/// Whether bytes stand in the haystack as they are.
pub fn holds(haystack: &[u8], bytes: &[u8]) -> bool {
    memmem::find(haystack, bytes).is_some()
}

/// Whether every needle is found where it was put on purpose: a search that finds nothing proves nothing by itself.
pub fn can_find(needles: &[Needle]) -> bool {
    needles.iter().all(|needle| {
        let planted = [&[0xa5; 100][..], &needle.bytes, &[0x5a; 100]].concat();
        needle.bytes.len() >= 4 && find(&planted, needles).is_some()
    })
}

/// Every file below a directory, with its content.
pub fn files(dir: &Path) -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut all = Vec::new();
    for item in std::fs::read_dir(dir)? {
        let item = item?;
        if item.file_type()?.is_dir() {
            all.extend(files(&item.path())?);
        } else {
            all.push((item.path().display().to_string(), std::fs::read(item.path())?));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, HEXUPPER};

    use super::*;

    const SECRET: &str = "Theodore feels unheard";

    fn found(haystack: &[u8]) -> Option<&'static str> {
        find(haystack, &needles([SECRET, "林书瑶"])).map(|needle| needle.form)
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        assert_eq!(found(b"xx THEODORE FEELS UNHEARD xx"), Some("UTF-8"));
        assert_eq!(found("…林书瑶…".as_bytes()), Some("UTF-8"));
        let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(found(&wide), Some("UTF-16LE"));
        let wide: Vec<u8> = "林书瑶".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(found(&wide), Some("UTF-16BE"));
        assert_eq!(found(HEXUPPER.encode(SECRET.as_bytes()).as_bytes()), Some("hex"));
        for before in ["", "a", "ab", "abc"] {
            let encoded = BASE64.encode(format!("{before}{SECRET} and more").as_bytes());
            assert_eq!(found(encoded.as_bytes()), Some("base64"), "after {before:?}");
        }
    }

    #[test]
    fn a_long_word_of_it_is_enough() {
        assert_eq!(found(b"he was unheard of"), Some("UTF-8"));
        assert_eq!(found(b"he feels fine"), None, "a short word is not");
    }

    #[test]
    fn a_few_words_in_a_row_are_enough_where_each_is_anybodys() {
        let needles = runs("abandon ability able about above");
        assert!(can_find(&needles));
        assert!(find(b"x able about above x", &needles).is_some());
        assert!(find(b"about able, above ability", &needles).is_none());
    }

    #[test]
    fn the_search_can_find_each_of_its_needles() {
        assert!(can_find(&needles(super::super::story::SECRETS)));
    }
}
