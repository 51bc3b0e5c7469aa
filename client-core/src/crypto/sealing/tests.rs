use super::*;

fn pair() -> (SealingSecret, SealingPublic) {
    let secret = SealingSecret::generate(&mut rand::rng());
    let public = secret.public();
    (secret, public)
}

fn psk(byte: u8) -> Psk {
    Psk::from_bytes(&[byte; 32], &[byte; 16])
}

#[test]
fn only_the_recipient_opens_and_only_in_the_same_context() {
    let (secret, public) = pair();
    let sealed = seal(&mut rand::rng(), &public, b"info", b"aad", b"a key").unwrap();
    assert_eq!(sealed.len(), SEALED_OVERHEAD + 5);
    assert_eq!(
        open(&secret, b"info", b"aad", &sealed).unwrap().as_slice(),
        b"a key"
    );
    assert_eq!(
        open(&pair().0, b"info", b"aad", &sealed),
        Err(OpenError::Authentication)
    );
    assert_eq!(
        open(&secret, b"other", b"aad", &sealed),
        Err(OpenError::Authentication)
    );
    assert_eq!(
        open(&secret, b"info", b"other", &sealed),
        Err(OpenError::Authentication)
    );
}

#[test]
fn with_a_shared_key_both_the_secret_and_the_shared_key_are_needed() {
    let (secret, public) = pair();
    let sealed = seal_psk(&mut rand::rng(), &public, b"info", b"aad", b"a key", &psk(1)).unwrap();
    assert_eq!(
        open_psk(&secret, b"info", b"aad", &sealed, &psk(1))
            .unwrap()
            .as_slice(),
        b"a key"
    );
    assert_eq!(
        open_psk(&secret, b"info", b"aad", &sealed, &psk(2)),
        Err(OpenError::Authentication)
    );
    let renamed = Psk::from_bytes(&[1; 32], &[2; 16]);
    assert_eq!(
        open_psk(&secret, b"info", b"aad", &sealed, &renamed),
        Err(OpenError::Authentication)
    );
    assert_eq!(
        open_psk(&pair().0, b"info", b"aad", &sealed, &psk(1)),
        Err(OpenError::Authentication)
    );
    assert_eq!(
        open(&secret, b"info", b"aad", &sealed),
        Err(OpenError::Authentication),
        "the modes are apart"
    );
    let base = seal(&mut rand::rng(), &public, b"info", b"aad", b"a key").unwrap();
    assert_eq!(
        open_psk(&secret, b"info", b"aad", &base, &psk(1)),
        Err(OpenError::Authentication)
    );
}

#[test]
fn any_altered_byte_is_noticed() {
    let (secret, public) = pair();
    let sealed = seal(&mut rand::rng(), &public, b"info", b"aad", b"a key").unwrap();
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1 << (at % 8);
        assert_eq!(
            open(&secret, b"info", b"aad", &altered),
            Err(OpenError::Authentication),
            "byte {at}"
        );
    }
}

#[test]
fn what_is_too_short_is_refused_by_length() {
    let (secret, public) = pair();
    let empty = seal(&mut rand::rng(), &public, b"", b"", b"").unwrap();
    assert_eq!(open(&secret, b"", b"", &empty).unwrap().len(), 0);
    for length in [0, 1, ENCAPSULATED_KEY, SEALED_OVERHEAD - 1] {
        assert_eq!(
            open(&secret, b"", b"", &empty[..length]),
            Err(OpenError::Length(length))
        );
    }
}

#[test]
fn a_context_above_its_limit_is_refused_on_both_sides_and_never_panics() {
    let (secret, public) = pair();
    let info = vec![0; MAX_INFO + 1];
    let refused = seal(&mut rand::rng(), &public, &info, b"", b"");
    assert_eq!(refused, Err(SealError::InfoTooLong(MAX_INFO + 1)));
    let refused = seal_psk(&mut rand::rng(), &public, &info[..MAX_INFO], b"", b"", &psk(1));
    assert_eq!(refused, Err(SealError::InfoTooLong(MAX_INFO + 16)));
    assert!(seal(&mut rand::rng(), &public, &info[..MAX_INFO], b"", b"").is_ok());
    assert_eq!(
        open(&secret, &vec![0; 1 << 17], b"", &[0; 2000]),
        Err(OpenError::Length(2000))
    );
}

#[test]
fn keys_come_back_from_their_bytes_and_nothing_else_is_a_key() {
    let (secret, public) = pair();
    assert!(SealingSecret::from_bytes(&secret.to_bytes()) == secret);
    assert_eq!(
        SealingPublic::from_bytes(&public.to_bytes()),
        Some(public.clone())
    );
    let bytes = public.to_bytes();
    assert_eq!(SealingPublic::from_bytes(&bytes[..PUBLIC_KEY - 1]), None);
    assert_eq!(
        SealingPublic::from_bytes(&[bytes.as_slice(), &[0]].concat()),
        None
    );
    let mut above_the_modulus = bytes;
    above_the_modulus[..3].fill(0xff);
    assert_eq!(
        SealingPublic::from_bytes(&above_the_modulus),
        None,
        "FIPS 203's modulus check"
    );
}

#[test]
fn debugging_shows_no_secret() {
    let (secret, public) = pair();
    assert_eq!(format!("{secret:?}"), "SealingSecret(secret)");
    assert!(format!("{public:?}").len() < 100);
}
