use super::*;

const CONTEXT: IntakeContext = IntakeContext {
    practice: PracticeId([1; 32]),
    document: DocumentId([2; 16]),
    invite: InviteId([3; 16]),
};

fn elsewhere() -> [IntakeContext; 3] {
    [
        IntakeContext {
            practice: PracticeId([9; 32]),
            ..CONTEXT
        },
        IntakeContext {
            document: DocumentId([9; 16]),
            ..CONTEXT
        },
        IntakeContext {
            invite: InviteId([9; 16]),
            ..CONTEXT
        },
    ]
}

fn secret() -> IntakeSecret {
    IntakeSecret::generate(&mut rand::rng())
}

fn client(secret: &IntakeSecret, pin: &str, pepper: u8) -> ClientKeys {
    secret.stretch(pin, Cost::LEAST).unwrap().open(&[pepper; 32])
}

#[test]
fn a_form_opens_with_its_own_link_only() {
    let one = secret();
    let sealed = one.seal_form(&mut rand::rng(), &CONTEXT, b"a form").unwrap();
    assert_eq!(one.open_form(&CONTEXT, &sealed).unwrap(), b"a form");
    assert!(secret().open_form(&CONTEXT, &sealed).is_err());
    for context in elsewhere() {
        assert_eq!(one.open_form(&context, &sealed), Err(OpenError::Authentication));
    }
}

#[test]
fn answers_open_with_the_recipient_key_and_the_links_secret_in_their_own_place_only() {
    let (one, recipient) = (secret(), SealingSecret::generate(&mut rand::rng()));
    let to = recipient.public();
    let sealed = one
        .seal_submission(&mut rand::rng(), &to, &CONTEXT, (0, 1), b"answers")
        .unwrap();
    let opened = one
        .open_submission(&recipient, &CONTEXT, (0, 1), &sealed)
        .unwrap();
    assert_eq!(&opened[..], b"answers");
    assert!(
        secret()
            .open_submission(&recipient, &CONTEXT, (0, 1), &sealed)
            .is_err()
    );
    let other = SealingSecret::generate(&mut rand::rng());
    assert!(one.open_submission(&other, &CONTEXT, (0, 1), &sealed).is_err());
    for place in [(1, 1), (0, 2)] {
        assert!(one.open_submission(&recipient, &CONTEXT, place, &sealed).is_err());
    }
    for context in elsewhere() {
        assert!(
            one.open_submission(&recipient, &context, (0, 1), &sealed)
                .is_err()
        );
    }
}

#[test]
fn a_draft_opens_with_link_pin_and_pepper_and_never_with_two_of_them() {
    let one = secret();
    let mine = client(&one, "194 823", 7);
    let sealed = mine
        .seal_draft(&mut rand::rng(), &CONTEXT, b"half an answer")
        .unwrap();
    let again = client(&one, "194 823", 7);
    assert_eq!(
        &again.open_draft(&CONTEXT, &sealed).unwrap()[..],
        b"half an answer"
    );
    assert_eq!(again.signing.verifying_key(), mine.signing.verifying_key());
    assert_eq!(again.sealing.public(), mine.sealing.public());
    for other in [
        client(&one, "194 824", 7),
        client(&one, "194 823", 8),
        client(&secret(), "194 823", 7),
    ] {
        assert!(other.open_draft(&CONTEXT, &sealed).is_err());
        assert_ne!(other.signing.verifying_key(), mine.signing.verifying_key());
        assert_ne!(other.sealing.public(), mine.sealing.public());
    }
    for context in elsewhere() {
        assert!(again.open_draft(&context, &sealed).is_err());
    }
}

#[test]
fn the_proof_of_a_pin_is_no_key_of_the_clients() {
    let one = secret();
    let stretched = one.stretch("194 823", Cost::LEAST).unwrap();
    let keys = keys::intake_client(&one.0, &[7; 32], &stretched.stretched);
    assert!(keys.iter().all(|key| **key != *stretched.proof()));
    assert_ne!(
        *stretched.proof(),
        *secret().stretch("194 823", Cost::LEAST).unwrap().proof()
    );
}

#[test]
fn a_reply_opens_for_the_client_who_asked_and_for_what_they_asked() {
    let one = secret();
    let mine = client(&one, "194 823", 7);
    let to = Hash([5; 32]);
    let sealed = one
        .seal_reply(&mut rand::rng(), &mine.sealing.public(), &CONTEXT, &to, b"a copy")
        .unwrap();
    assert_eq!(
        &one.open_reply(&mine, &CONTEXT, &to, &sealed).unwrap()[..],
        b"a copy"
    );
    assert!(one.open_reply(&mine, &CONTEXT, &Hash([6; 32]), &sealed).is_err());
    assert!(
        one.open_reply(&client(&one, "0", 7), &CONTEXT, &to, &sealed)
            .is_err()
    );
}

#[test]
fn what_readers_keep_of_a_link_opens_under_its_epoch_only() {
    let (one, recipient) = (secret(), SealingSecret::generate(&mut rand::rng()));
    let key = EpochKey::generate(&mut rand::rng());
    let sealed = key.seal_intake(&mut rand::rng(), &CONTEXT, 3, &one, &recipient);
    let (secret, opened) = key.open_intake(&CONTEXT, 3, &sealed).unwrap();
    assert!(secret == one && opened == recipient);
    assert!(key.open_intake(&CONTEXT, 4, &sealed).is_err());
    assert!(
        EpochKey::generate(&mut rand::rng())
            .open_intake(&CONTEXT, 3, &sealed)
            .is_err()
    );
}

#[test]
fn nothing_secret_is_printed() {
    let one = secret();
    let stretched = one.stretch("194 823", Cost::LEAST).unwrap();
    let shown = format!("{one:?} {stretched:?} {:?}", stretched.open(&[1; 32]));
    assert_eq!(
        shown,
        "IntakeSecret(secret) StretchedPin(secret) ClientKeys(secret)"
    );
}

#[test]
fn what_is_short_is_of_one_length_and_its_padding_is_nothing_else() {
    let one = secret();
    let lengths = [1, 300, 3_000, 8_000].map(|length| {
        let form: Vec<u8> = (0..length)
            .map(|i| b'a' + u8::try_from(i % 23).unwrap())
            .collect();
        let sealed = one.seal_form(&mut rand::rng(), &CONTEXT, &form).unwrap();
        assert_eq!(one.open_form(&CONTEXT, &sealed).unwrap(), form, "{length}");
        sealed.len()
    });
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
    let long: Vec<u8> = (0..40_000u32)
        .flat_map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let sealed = one.seal_form(&mut rand::rng(), &CONTEXT, &long).unwrap();
    assert_eq!(one.open_form(&CONTEXT, &sealed).unwrap(), long);
    // What was sealed before it was padded to this length opens as well; padding that says something does not.
    let key = keys::intake_form_key(&one.0);
    let short = payload::layout(b"a form").unwrap().split_off(aead::NONCE);
    let sealed = aead::seal(&key, &mut rand::rng(), &CONTEXT.encode(), &short);
    assert_eq!(one.open_form(&CONTEXT, &sealed).unwrap(), b"a form");
    let mut padded = payload::padded_to(b"a form", FORM).unwrap();
    *padded.last_mut().unwrap() = 1;
    let sealed = aead::seal(&key, &mut rand::rng(), &CONTEXT.encode(), &padded);
    assert_eq!(one.open_form(&CONTEXT, &sealed), Err(OpenError::Padding));
}
