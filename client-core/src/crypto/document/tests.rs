use super::*;

const CONTEXT: EpochContext = EpochContext {
    practice: PracticeId([1; 32]),
    document: DocumentId([2; 16]),
    epoch: 3,
};

fn contexts_elsewhere() -> [EpochContext; 3] {
    [
        EpochContext {
            practice: PracticeId([9; 32]),
            ..CONTEXT
        },
        EpochContext {
            document: DocumentId([9; 16]),
            ..CONTEXT
        },
        EpochContext { epoch: 9, ..CONTEXT },
    ]
}

fn key() -> EpochKey {
    EpochKey::generate(&mut rand::rng())
}

#[test]
fn a_reader_opens_the_key_that_the_chain_commits_to() {
    let reader = SealingSecret::generate(&mut rand::rng());
    let key = key();
    let commitment = key.commitment(&CONTEXT);
    let sealed = key.seal(&mut rand::rng(), &reader.public(), &CONTEXT).unwrap();
    assert_eq!(sealed.len(), 1168);
    let opened = EpochKey::open(&reader, &CONTEXT, &commitment, &sealed).unwrap();
    assert_eq!(*opened.to_bytes(), *key.to_bytes());
    for elsewhere in contexts_elsewhere() {
        assert_ne!(key.commitment(&elsewhere), commitment);
        let refused = EpochKey::open(&reader, &elsewhere, &commitment, &sealed).unwrap_err();
        assert_eq!(refused, OpenError::Authentication);
    }
}

#[test]
fn a_sealer_who_gives_one_reader_another_key_is_caught() {
    let reader = SealingSecret::generate(&mut rand::rng());
    let committed = key().commitment(&CONTEXT);
    let sealed = key().seal(&mut rand::rng(), &reader.public(), &CONTEXT).unwrap();
    assert_eq!(
        EpochKey::open(&reader, &CONTEXT, &committed, &sealed).unwrap_err(),
        OpenError::WrongKey
    );
    let short = sealing::seal(
        &mut rand::rng(),
        &reader.public(),
        keys::SEALED_EPOCH_KEY,
        &CONTEXT.encode(),
        &[0; 31],
    );
    assert_eq!(
        EpochKey::open(&reader, &CONTEXT, &committed, &short.unwrap()).unwrap_err(),
        OpenError::WrongKey
    );
}

#[test]
fn a_new_epoch_opens_the_one_before_and_not_the_other_way_round() {
    let (old, new) = (key(), key());
    let committed = old.commitment(&EpochContext { epoch: 2, ..CONTEXT });
    let wrap = new.wrap_predecessor(&mut rand::rng(), &old, &CONTEXT, 2);
    let opened = new.unwrap_predecessor(&CONTEXT, 2, &committed, &wrap).unwrap();
    assert_eq!(*opened.to_bytes(), *old.to_bytes());

    assert_eq!(
        old.unwrap_predecessor(&CONTEXT, 2, &committed, &wrap)
            .unwrap_err(),
        OpenError::Authentication
    );
    assert_eq!(
        new.unwrap_predecessor(&CONTEXT, 1, &committed, &wrap)
            .unwrap_err(),
        OpenError::Authentication
    );
    for elsewhere in contexts_elsewhere() {
        let refused = new
            .unwrap_predecessor(&elsewhere, 2, &committed, &wrap)
            .unwrap_err();
        assert_eq!(refused, OpenError::Authentication);
    }
    let lie = new.wrap_predecessor(&mut rand::rng(), &key(), &CONTEXT, 2);
    assert_eq!(
        new.unwrap_predecessor(&CONTEXT, 2, &committed, &lie).unwrap_err(),
        OpenError::WrongKey
    );
    for at in 0..PredecessorWrap::LEN {
        let mut altered = wrap;
        altered.0[at] ^= 1;
        let refused = new
            .unwrap_predecessor(&CONTEXT, 2, &committed, &altered)
            .unwrap_err();
        assert_eq!(refused, OpenError::Authentication, "byte {at}");
    }
}

#[test]
fn no_label_serves_twice() {
    for (at, label) in keys::LABELS.iter().enumerate() {
        assert!(label.starts_with(b"troth/1/"));
        assert_eq!(keys::LABELS.iter().position(|other| other == label), Some(at));
    }
}
