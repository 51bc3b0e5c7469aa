use proptest::prelude::*;
use troth_protocol::ids::{DeviceId, DocumentId, PracticeId};

use super::*;

const CONTEXT: PayloadContext = PayloadContext {
    practice: PracticeId([1; 32]),
    document: DocumentId([2; 16]),
    epoch: 3,
    author: DeviceId([4; 32]),
    sequence: 5,
    kind: 6,
};

fn cipher() -> DocumentCipher {
    DocumentCipher::new(&EpochKey::from_bytes(&[7; 32]))
}

/// Encrypts a plaintext as a hostile author would: with the right key, and laid out as they please.
fn sealed_by_a_hostile_author(plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = vec![0; aead::NONCE];
    sealed.extend_from_slice(plaintext);
    aead::seal_in_place(&cipher().0, &mut rand::rng(), &CONTEXT.encode(), &mut sealed);
    sealed
}

fn plaintext(length: u32, codec: u8, body: &[u8], total: usize) -> Vec<u8> {
    let mut out = length.to_le_bytes().to_vec();
    out.push(codec);
    out.extend_from_slice(body);
    out.resize(total, 0);
    out
}

#[test]
fn every_part_of_the_context_is_bound() {
    let sealed = cipher().encrypt(&mut rand::rng(), &CONTEXT, b"a note").unwrap();
    assert_eq!(cipher().decrypt(&CONTEXT, &sealed).unwrap(), b"a note");
    for other in [
        PayloadContext {
            practice: PracticeId([9; 32]),
            ..CONTEXT
        },
        PayloadContext {
            document: DocumentId([9; 16]),
            ..CONTEXT
        },
        PayloadContext { epoch: 9, ..CONTEXT },
        PayloadContext {
            author: DeviceId([9; 32]),
            ..CONTEXT
        },
        PayloadContext {
            sequence: 9,
            ..CONTEXT
        },
        PayloadContext { kind: 9, ..CONTEXT },
    ] {
        assert_eq!(
            cipher().decrypt(&other, &sealed),
            Err(OpenError::Authentication),
            "{other:?}"
        );
    }
    let other_key = EpochKey::from_bytes(&[8; 32]);
    assert_eq!(
        decrypt(&other_key, &CONTEXT, &sealed),
        Err(OpenError::Authentication)
    );
}

#[test]
fn small_edits_look_alike_and_are_not_compressed() {
    let lengths: Vec<usize> = [0, 1, 100, 251]
        .map(|n| {
            cipher()
                .encrypt(&mut rand::rng(), &CONTEXT, &vec![b'a'; n])
                .unwrap()
                .len()
        })
        .to_vec();
    assert_eq!(lengths, [24 + 256 + 16; 4]);
    let noise: Vec<u8> = (0..252).map(|_| rand::random()).collect();
    let above = cipher().encrypt(&mut rand::rng(), &CONTEXT, &noise).unwrap();
    assert_eq!(above.len(), 24 + 272 + 16, "the first bucket above the floor");
}

#[test]
fn long_repetitive_content_is_compressed_and_noise_is_not() {
    let prose = vec![b'a'; 100_000];
    let sealed = cipher().encrypt(&mut rand::rng(), &CONTEXT, &prose).unwrap();
    assert!(sealed.len() < 1_000);
    assert_eq!(cipher().decrypt(&CONTEXT, &sealed).unwrap(), prose);

    let mut noise = vec![0; 100_000];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut noise);
    let sealed = cipher().encrypt(&mut rand::rng(), &CONTEXT, &noise).unwrap();
    assert_eq!(sealed.len(), 24 + padme(100_005) + 16);
    assert_eq!(cipher().decrypt(&CONTEXT, &sealed).unwrap(), noise);
}

#[test]
fn the_largest_content_fits_and_one_byte_more_does_not() {
    let mut content = vec![0; MAX_CONTENT + 1];
    rand::Rng::fill_bytes(&mut rand::rng(), &mut content);
    let refused = cipher().encrypt(&mut rand::rng(), &CONTEXT, &content);
    assert_eq!(
        refused,
        Err(SealError::TooLong {
            found: MAX_CONTENT + 1,
            limit: MAX_CONTENT
        })
    );
    content.pop();
    let sealed = cipher().encrypt(&mut rand::rng(), &CONTEXT, &content).unwrap();
    assert_eq!(sealed.len(), MAX_SEALED_CONTENT);
    assert_eq!(cipher().decrypt(&CONTEXT, &sealed).unwrap(), content);
}

#[test]
fn what_a_hostile_author_lays_out_wrongly_is_refused_by_name() {
    let refused = |plaintext: &[u8]| {
        cipher()
            .decrypt(&CONTEXT, &sealed_by_a_hostile_author(plaintext))
            .unwrap_err()
    };
    let mut dirty = plaintext(3, RAW, b"abc", 256);
    dirty[255] = 1;
    assert_eq!(refused(&dirty), OpenError::Padding, "padding that is not zero");
    assert_eq!(
        refused(&plaintext(3, RAW, b"abc", 512)),
        OpenError::Padding,
        "too much padding"
    );
    assert_eq!(
        refused(&plaintext(3, RAW, b"abc", 8)),
        OpenError::Padding,
        "no padding"
    );
    assert_eq!(
        refused(&plaintext(252, RAW, b"abc", 256)),
        OpenError::Padding,
        "a length past the end"
    );
    assert_eq!(
        refused(&plaintext(u32::MAX, RAW, b"", 256)),
        OpenError::Padding,
        "an absurd length"
    );
    assert_eq!(refused(b""), OpenError::Padding, "nothing at all");
    assert_eq!(refused(&[0; 4]), OpenError::Padding, "no codec");
    assert_eq!(refused(&plaintext(3, 2, b"abc", 256)), OpenError::Codec(2));
    assert_eq!(
        refused(&plaintext(3, DEFLATE, b"\xff\xff\xff", 256)),
        OpenError::Inflate,
        "not a deflate stream"
    );

    let stream = compression::deflate(&[b'a'; 500]).unwrap();
    let mut trailing = stream.to_vec();
    trailing.push(0);
    let length = u32::try_from(trailing.len()).unwrap();
    assert_eq!(
        refused(&plaintext(length, DEFLATE, &trailing, 256)),
        OpenError::Inflate,
        "bytes after the stream"
    );
    let cut = &stream[..stream.len() - 1];
    let length = u32::try_from(cut.len()).unwrap();
    assert_eq!(
        refused(&plaintext(length, DEFLATE, cut, 256)),
        OpenError::Inflate,
        "a stream without its end"
    );
}

#[test]
fn a_decompression_bomb_stops_at_the_limit() {
    let bomb = compression::deflate(&vec![0; MAX_CONTENT + 1]).unwrap();
    let length = u32::try_from(bomb.len()).unwrap();
    let sealed = sealed_by_a_hostile_author(&plaintext(length, DEFLATE, &bomb, padme(HEADER + bomb.len())));
    assert_eq!(cipher().decrypt(&CONTEXT, &sealed), Err(OpenError::TooLarge));

    let largest = compression::deflate(&vec![0; MAX_CONTENT]).unwrap();
    assert_eq!(
        compression::inflate(&largest, MAX_CONTENT).unwrap().len(),
        MAX_CONTENT
    );
}

#[test]
fn what_is_too_short_or_too_long_is_refused_unopened() {
    assert_eq!(cipher().decrypt(&CONTEXT, &[0; 39]), Err(OpenError::Length(39)));
    let long = vec![0; MAX_SEALED_CONTENT + 1];
    assert_eq!(
        cipher().decrypt(&CONTEXT, &long),
        Err(OpenError::Length(long.len()))
    );
}

#[test]
fn any_altered_byte_is_noticed() {
    let sealed = cipher().encrypt(&mut rand::rng(), &CONTEXT, b"a note").unwrap();
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1 << (at % 8);
        assert_eq!(
            cipher().decrypt(&CONTEXT, &altered),
            Err(OpenError::Authentication),
            "byte {at}"
        );
        assert!(cipher().decrypt(&CONTEXT, &sealed[..at]).is_err(), "cut at {at}");
    }
}

#[test]
#[ignore = "prints a measurement; asserts nothing"]
fn how_many_small_payloads_a_second() {
    let (cipher, content) = (cipher(), [b'a'; 200]);
    let start = std::time::Instant::now();
    for _ in 0..100_000 {
        let sealed = cipher.encrypt(&mut rand::rng(), &CONTEXT, &content).unwrap();
        std::hint::black_box(cipher.decrypt(&CONTEXT, &sealed).unwrap());
    }
    println!(
        "{:.0} sealed and opened a second",
        100_000.0 / start.elapsed().as_secs_f64()
    );
}

proptest! {
    #[test]
    fn padding_grows_little_hides_much_and_stays(len in 0usize..100_000_000) {
        let padded = padme(len);
        prop_assert!(padded >= len.max(FLOOR));
        prop_assert_eq!(padme(padded), padded, "a padded length is its own");
        prop_assert!(padme(len + 1) >= padded, "longer is never padded to less");
        if len > FLOOR {
            prop_assert!((padded - len) * 100 <= len * 12, "{} became {}", len, padded);
            let significant = usize::BITS - padded.leading_zeros() - padded.trailing_zeros();
            prop_assert!(significant <= padded.ilog2().ilog2() + 2, "{} tells {} bits", padded, significant);
        }
    }

    #[test]
    fn any_content_comes_back(content in prop::collection::vec(any::<u8>(), 0..3_000), repeats in 1usize..20) {
        let content = content.repeat(repeats);
        let sealed = cipher().encrypt(&mut rand::rng(), &CONTEXT, &content).unwrap();
        prop_assert_eq!(padme(sealed.len() - 40), sealed.len() - 40);
        prop_assert_eq!(cipher().decrypt(&CONTEXT, &sealed).unwrap(), content);
    }

    #[test]
    fn no_authenticated_plaintext_panics(plaintext in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = cipher().decrypt(&CONTEXT, &sealed_by_a_hostile_author(&plaintext));
    }
}
