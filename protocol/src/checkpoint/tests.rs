//! What holds of every checkpoint; single cases stand in `vectors/checkpoint`.

use ed25519_dalek::SigningKey;
use proptest::prelude::*;

use super::*;
use crate::cbor;
use crate::ids::VerifyingKey;

fn key(seed: u8) -> (SigningKey, VerifyingKey) {
    let signing = SigningKey::from_bytes(&[seed; 32]);
    let public = VerifyingKey(signing.verifying_key().to_bytes());
    (signing, public)
}

fn ledger() -> Checkpoint {
    let origin = ledger_origin("relay.example:8443", &PracticeId([0xab; 32]));
    Checkpoint::new(origin, 1234, Hash([7; 32])).unwrap()
}

#[test]
fn an_origin_is_the_relay_and_the_practice() {
    assert_eq!(
        ledger().origin(),
        format!("relay.example:8443/{}", "ab".repeat(32))
    );
}

proptest! {
    #[test]
    fn both_forms_of_a_signed_checkpoint_carry_the_same_proof(size in any::<u64>(), root in any::<[u8; 32]>()) {
        let (signing, public) = key(1);
        let checkpoint = Checkpoint::new("relay.example/x", size, Hash(root)).unwrap();
        let note = checkpoint.sign(&signing);
        let read = SignedCheckpoint::parse(note.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&read, &note);
        let verified = read.verify("relay.example/x", &public).unwrap();
        prop_assert_eq!(verified.checkpoint(), &checkpoint);

        let compact = checkpoint.sign_compact(&signing);
        prop_assert_eq!(verified.compact(), compact);
        let sent = cbor::encode(&compact);
        let received: CompactCheckpoint = cbor::decode(&sent).unwrap();
        prop_assert_eq!(received.verify("relay.example/x", &public).unwrap(), verified.clone());
        prop_assert_eq!(verified.to_signed().to_string(), note.to_string());
    }

    #[test]
    fn one_flipped_bit_anywhere_in_the_note_leaves_nothing_verified(
        place in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let (signing, public) = key(1);
        let checkpoint = ledger();
        let mut note = checkpoint.sign(&signing).to_string().into_bytes();
        let place = place.index(note.len());
        note[place] ^= 1 << bit;
        let verified = SignedCheckpoint::parse(&note).and_then(|read| read.verify(checkpoint.origin(), &public));
        prop_assert!(verified.is_err());
    }

    #[test]
    fn a_note_cut_short_anywhere_is_refused(place in any::<prop::sample::Index>()) {
        let note = ledger().sign(&key(1).0).to_string().into_bytes();
        prop_assert!(SignedCheckpoint::parse(&note[..place.index(note.len())]).is_err());
    }

    #[test]
    fn what_is_read_is_written_back_to_the_byte(
        note in "[a+ \n0—]{0,4}\n[0-9]{0,3}\n([A-Za-z0-9+/]{42}[AEIMQUY048]=)?\n\n(— a [A-Za-z0-9+/]{8}\n){0,3}",
    ) {
        if let Ok(read) = SignedCheckpoint::parse(note.as_bytes()) {
            prop_assert_eq!(read.to_string(), note);
        }
    }

    #[test]
    fn reading_bytes_never_panics(note in prop::collection::vec(any::<u8>(), 0..300), text in ".{0,80}") {
        let _ = SignedCheckpoint::parse(&note);
        let _ = text.parse::<VerifierKey>();
        let _ = SignatureLine::parse(&text);
    }
}

#[test]
fn a_binary_checkpoint_proves_nothing_under_another_name_or_key() {
    let (signing, public) = key(1);
    let compact = ledger().sign_compact(&signing);
    let other_practice = ledger_origin("relay.example:8443", &PracticeId([0xac; 32]));
    let forged = |error| matches!(error, Err(CheckpointError::BadSignature(_)));
    assert!(forged(compact.verify(&other_practice, &public)));
    assert!(forged(compact.verify(ledger().origin(), &key(2).1)));
    assert!(forged(
        CompactCheckpoint {
            size: 1235,
            ..compact
        }
        .verify(ledger().origin(), &public)
    ));
    assert!(forged(
        CompactCheckpoint {
            root: Hash([8; 32]),
            ..compact
        }
        .verify(ledger().origin(), &public)
    ));
}

#[test]
fn witnesses_cosign_and_the_newest_time_counts() {
    let ((signing, public), (witness, witness_key)) = (key(1), key(9));
    let vkey = VerifierKey::new("witness.example/w1", KeyKind::Cosignature, witness_key).unwrap();
    let mut note = ledger().sign(&signing);
    assert_eq!(
        note.verify_cosignature(&vkey),
        Err(CheckpointError::UnknownKey("witness.example/w1".to_owned())),
    );
    for timestamp in [1_700_000_060, 1_700_000_000] {
        note.add(
            ledger()
                .cosign("witness.example/w1", &witness, timestamp)
                .unwrap(),
        )
        .unwrap();
    }
    let read = SignedCheckpoint::parse(note.to_string().as_bytes()).unwrap();
    let cosigned = read.verify_cosignature(&vkey).unwrap();
    assert_eq!(
        (cosigned.witness(), cosigned.timestamp()),
        ("witness.example/w1", 1_700_000_060)
    );
    assert_eq!(
        read.verify(ledger().origin(), &public).unwrap().checkpoint(),
        &ledger()
    );
    assert_eq!(
        ledger().cosign("w", &witness, 1 << 63),
        Err(CheckpointError::Timestamp)
    );

    // A witness's word on another tree does not carry over.
    let other = Checkpoint::new(ledger().origin(), 1235, *ledger().root()).unwrap();
    note.add(
        other
            .cosign("witness.example/w1", &witness, 1_700_000_100)
            .unwrap(),
    )
    .unwrap();
    let forged = Err(CheckpointError::BadSignature("witness.example/w1".to_owned()));
    assert_eq!(note.verify_cosignature(&vkey), forged);
}

#[test]
fn an_ml_dsa_cosignature_names_its_witness_and_the_whole_tree() {
    let name = "witness.example/w1";
    let witness = MlDsaKey::from_seed(&[9; 32]);
    let vkey = VerifierKey::ml_dsa(name, &witness.public()).unwrap();
    assert_eq!(vkey.to_string().parse(), Ok(vkey.clone()));
    let mut note = ledger().sign(&key(1).0);
    assert!(note.verify_cosignature(&vkey).is_err());
    for timestamp in [1_700_000_060, 1_700_000_000] {
        let line = ledger().cosign_ml_dsa(name, &witness, timestamp).unwrap();
        note.add(line).unwrap();
    }
    let read = SignedCheckpoint::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read.verify_cosignature(&vkey).unwrap().timestamp(), 1_700_000_060);

    // The same key under another name, for another tree, at another time.
    let forged = |line: SignatureLine, by: &VerifierKey| {
        let mut note = ledger().sign(&key(1).0);
        let line = SignatureLine::new(by.name(), by.id(), line.signature());
        note.add(line).unwrap();
        note.verify_cosignature(by)
    };
    let line = ledger().cosign_ml_dsa(name, &witness, 7).unwrap();
    assert!(forged(line.clone(), &vkey).is_ok());
    let other = VerifierKey::ml_dsa("witness.example/w2", &witness.public()).unwrap();
    assert!(forged(line.clone(), &other).is_err());
    let larger = Checkpoint::new(ledger().origin(), 1235, *ledger().root()).unwrap();
    assert!(forged(larger.cosign_ml_dsa(name, &witness, 7).unwrap(), &vkey).is_err());
    let mut later = line.signature().to_vec();
    later[7] += 1;
    assert!(forged(SignatureLine::new(name, vkey.id(), &later), &vkey).is_err());
    // A signature of the other kind under this key's id.
    let plain = ledger().cosign(name, &key(9).0, 7).unwrap();
    assert!(forged(plain, &vkey).is_err());

    let long = Checkpoint::new("o".repeat(256), 1, Hash([1; 32])).unwrap();
    assert_eq!(long.cosign_ml_dsa(name, &witness, 7), Err(CheckpointError::Name));
    assert_eq!(
        ledger().cosign_ml_dsa(&"w".repeat(256), &witness, 7),
        Err(CheckpointError::Name)
    );
    assert_eq!(
        ledger().cosign_ml_dsa(name, &witness, 1 << 63),
        Err(CheckpointError::Timestamp)
    );
    assert_eq!(
        VerifierKey::ml_dsa(name, &witness.public()[1..]),
        Err(VerifierKeyError::Key)
    );
}

#[test]
fn an_ml_dsa_cosignature_of_an_unknown_witness_is_kept_and_forwarded_unread() {
    let mut note = ledger().sign(&key(1).0);
    let line = SignatureLine::new(
        "pq.example/w",
        [1, 2, 3, 4],
        &[[0; 8].as_slice(), &[5; 2420]].concat(),
    );
    note.add(line.clone()).unwrap();
    let read = SignedCheckpoint::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read.note().signatures()[1], line);
    let Some(Cosignature::MlDsa44 {
        timestamp: 0,
        signature,
    }) = Cosignature::from_line(&line)
    else {
        panic!("not recognised")
    };
    assert_eq!(signature, [5; 2420]);
}

#[test]
fn a_note_takes_no_more_signatures_than_it_may_carry() {
    let mut note = ledger().sign(&key(1).0);
    let line = |n: u8| SignatureLine::new("w", [n; 4], &[n; 72]);
    (1..32).for_each(|n| note.add(line(n)).unwrap());
    note.add(line(31)).unwrap();
    assert_eq!(
        note.note().signatures().len(),
        32,
        "the same signature twice is one"
    );
    assert_eq!(note.add(line(32)), Err(CheckpointError::TooManySignatures));
    assert_eq!(
        SignedCheckpoint::parse(note.to_string().as_bytes()),
        Ok(note.clone())
    );

    let mut note = ledger().sign(&key(1).0);
    let before = note.clone();
    assert_eq!(
        note.add(SignatureLine::new("w", [1; 4], &[0; 50_000])),
        Err(CheckpointError::TooLong)
    );
    assert_eq!(note, before);
}

/// A checkpoint of a public log, as its public witnesses cosigned it: bytes that no code of this project had a part in.
#[test]
fn a_checkpoint_of_the_public_witness_network_is_read_and_verified() {
    const LOG: &str =
        "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
    const WITNESS: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
    const NOTE: &str = "arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";
    let (log, witness): (VerifierKey, VerifierKey) = (LOG.parse().unwrap(), WITNESS.parse().unwrap());
    let note = SignedCheckpoint::parse(NOTE.as_bytes()).unwrap();
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(
        note.verify(log.name(), log.ed25519().unwrap()).unwrap().size(),
        1_432_088_532
    );
    let seen = note.verify_cosignature(&witness).unwrap();
    assert_eq!(
        (seen.witness(), seen.timestamp()),
        ("remora.n621.de", 0x6a12_2120)
    );
    let other = SignedCheckpoint::parse(NOTE.replace("1432088532", "1432088533").as_bytes()).unwrap();
    assert!(other.verify_cosignature(&witness).is_err());
    assert!(other.verify(log.name(), log.ed25519().unwrap()).is_err());
}
