//! Every file under `vectors/`, held against the cryptography and what it seals. See `vectors/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a vector that cannot be read fails its test"
)]

use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use serde_json::Value;
use troth_client_core::crypto::*;
use troth_protocol::ids::{DeviceId, DocumentId, Hash, MemberId, PracticeId, VerifyingKey};
use troth_protocol::signature::Signature;

#[path = "cases/content.rs"]
mod content;

/// One case: the members of its JSON object.
struct Case(Value);

impl Case {
    fn text(&self, name: &str) -> &str {
        self.0[name]
            .as_str()
            .unwrap_or_else(|| panic!("no text {name:?}"))
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    fn number(&self, name: &str) -> u64 {
        self.0[name]
            .as_u64()
            .unwrap_or_else(|| panic!("no number {name:?}"))
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        HEXLOWER
            .decode(self.text(name).as_bytes())
            .unwrap_or_else(|_| panic!("{name:?} is not hexadecimal"))
    }

    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name)
            .try_into()
            .unwrap_or_else(|_| panic!("{name:?} has not {N} bytes"))
    }

    fn within(&self, name: &str) -> Self {
        Self(self.0[name].clone())
    }

    fn epoch(&self) -> EpochContext {
        EpochContext {
            practice: PracticeId(self.array("practice")),
            document: DocumentId(self.array("document")),
            epoch: self.number("epoch"),
        }
    }
}

/// `Ok` when accepted; the refusal's name otherwise.
type Outcome = Result<(), String>;

fn named(refusal: impl std::fmt::Debug) -> String {
    format!("{refusal:?}")
}

/// Runs every case of a directory. A case that is accepted with other bytes than it states panics in its check.
fn run(directory: &str, check: impl Fn(&Case) -> Outcome) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("vectors")
        .join(directory);
    let (mut accepted, mut files) = (0, 0);
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let case = Case(serde_json::from_slice(&fs::read(&path).unwrap()).unwrap());
        let outcome = check(&case).err().unwrap_or_else(|| "accepted".to_owned());
        assert_eq!(
            outcome,
            case.text("expect"),
            "{}: {}",
            path.display(),
            case.text("description")
        );
        accepted += usize::from(outcome == "accepted");
        files += 1;
    }
    assert!(accepted > 0, "of {files} cases in {directory} none is accepted");
}

#[test]
fn every_directory_is_read() {
    let known = [
        "code",
        "comparison",
        "content",
        "derivation",
        "kit",
        "lineage",
        // Of types that are nobody else's: read by tests beside them.
        "mailbox",
        "message",
        "passphrase",
        "payload",
        "predecessor",
        "sealing",
        "signing",
        "vault",
    ];
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut found: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, known);
}

#[test]
fn derivation() {
    run("derivation", |case| {
        let derived = match case.text("derive") {
            "epoch_commitment" => EpochKey::from_bytes(&case.array("key"))
                .commitment(&case.epoch())
                .0
                .to_vec(),
            "actor" => actor(
                &DeviceId(case.array("device")),
                &DocumentId(case.array("document")),
            )
            .to_vec(),
            "intake_form_key" => intake_form_key(&case.array("secret")).to_vec(),
            "intake_verifying_key" => intake_signing_secret(&case.array("secret"))
                .verifying_key()
                .0
                .to_vec(),
            "intake_psk_id" => intake_psk(&case.array("secret")).id().to_vec(),
            other => panic!("unknown derivation {other:?}"),
        };
        if derived == case.bytes("output") {
            Ok(())
        } else {
            Err("rejected".to_owned())
        }
    });
}

#[test]
fn sealing() {
    run("sealing", |case| {
        let secret = SealingSecret::from_bytes(&case.array("secret"));
        let digest = Hash::of(&[&secret.public().to_bytes()]);
        assert_eq!(
            digest.0,
            case.array("public_sha256"),
            "the public key of the secret"
        );
        let (info, aad, sealed) = (case.bytes("info"), case.bytes("aad"), case.bytes("sealed"));
        let psk = if case.has("psk") {
            Some(Psk::from_bytes(&case.array("psk"), &case.array("psk_id")))
        } else if case.has("code") {
            Some(LinkCode::parse(case.text("code")).unwrap().psk())
        } else if case.has("intake_secret") {
            Some(intake_psk(&case.array("intake_secret")))
        } else {
            None
        };
        let opened = match &psk {
            Some(psk) => open_psk(&secret, &info, &aad, &sealed, psk),
            None => open(&secret, &info, &aad, &sealed),
        };
        assert_eq!(opened.map_err(named)?.as_slice(), case.bytes("plaintext"));
        if case.has("epoch_key") {
            let epoch = case.within("epoch_key");
            let commitment = Hash(epoch.array("commitment"));
            EpochKey::open(&secret, &epoch.epoch(), &commitment, &sealed).map_err(named)?;
        }
        Ok(())
    });
}

#[test]
fn payload() {
    run("payload", |case| {
        let place = case.within("context");
        let context = PayloadContext {
            practice: PracticeId(place.array("practice")),
            document: DocumentId(place.array("document")),
            epoch: place.number("epoch"),
            author: DeviceId(place.array("author")),
            sequence: place.number("sequence"),
            kind: u8::try_from(place.number("kind")).unwrap(),
        };
        let key = EpochKey::from_bytes(&case.array("key"));
        let content = decrypt(&key, &context, &case.bytes("sealed")).map_err(named)?;
        assert_eq!(content, case.bytes("content"));
        Ok(())
    });
}

#[test]
fn predecessor() {
    run("predecessor", |case| {
        let key = EpochKey::from_bytes(&case.array("key"));
        let wrap = PredecessorWrap(case.array("wrap"));
        let commitment = Hash(case.array("commitment"));
        let opened = key
            .unwrap_predecessor(&case.epoch(), case.number("predecessor"), &commitment, &wrap)
            .map_err(named)?;
        assert_eq!(opened.to_bytes().as_slice(), case.bytes("output"));
        Ok(())
    });
}

#[test]
fn lineage() {
    run("lineage", |case| {
        let whose = case.within("holder");
        let holder = if whose.has("member") {
            KeyHolder::Member(MemberId(whose.array("member")))
        } else {
            KeyHolder::Role(u8::try_from(whose.number("role")).unwrap())
        };
        let context = KeyContext {
            practice: PracticeId(case.array("practice")),
            holder,
            sensitive: case.0["sensitive"].as_bool().unwrap(),
            generation: case.number("generation"),
        };
        let secret = SealingSecret::from_bytes(&case.array("secret"));
        let expected = SealingSecret::from_bytes(&case.array("output"));
        let opened = if case.has("wrap") {
            let wrap = PredecessorWrap(case.array("wrap"));
            secret.unwrap_predecessor(&context, case.number("predecessor"), &expected.public(), &wrap)
        } else {
            SealingSecret::open_sealed(&secret, &context, &expected.public(), &case.bytes("sealed"))
        };
        assert!(opened.map_err(named)? == expected);
        Ok(())
    });
}

#[test]
fn vault() {
    run("vault", |case| {
        let unlocked = VaultHeader::from_bytes(&case.bytes("header"))
            .and_then(|header| header.unlock(case.text("passphrase")));
        let vault = unlocked.map_err(|error| match error {
            VaultError::Cost(_) => "Cost".to_owned(),
            other => named(other),
        })?;
        let name = vault.row_name(u8::try_from(case.number("table")).unwrap(), &case.bytes("id"));
        assert_eq!(name, case.array("name"));
        assert_eq!(
            vault
                .open_row(&name, &case.bytes("sealed_row"))
                .map_err(named)?
                .as_slice(),
            case.bytes("value")
        );
        Ok(())
    });
}

#[test]
fn code() {
    run("code", |case| {
        let code = LinkCode::parse(case.text("code")).map_err(named)?;
        assert_eq!(code.render().as_str(), case.text("render"));
        assert!(code.names(&DeviceId(case.array("device"))));
        assert_eq!(code.mailbox(), MailboxId(case.array("mailbox")));
        Ok(())
    });
}

#[test]
fn kit() {
    run("kit", |case| {
        let kit = Kit::parse(case.text("text")).map_err(named)?;
        assert_eq!(kit.words(WordList::English).as_str(), case.text("english"));
        assert_eq!(kit.words(WordList::Chinese).as_str(), case.text("chinese"));
        let device = kit.device();
        let digest = |secret: &SealingSecret| Hash::of(&[&secret.public().to_bytes()]).0;
        assert_eq!(device.keys.signing, VerifyingKey(case.array("signing")));
        assert_eq!(digest(&device.general), case.array("sealing_sha256"));
        assert_eq!(digest(&device.sensitive), case.array("sensitive_sha256"));
        assert_eq!(device.id(), DeviceId(case.array("device")));
        assert!(kit.is(&device.id()));
        let Signature::Ed25519(proof) = device.proof(
            &PracticeId(case.array("practice")),
            &MemberId(case.array("member")),
        );
        assert_eq!(proof, case.array("proof"));
        Ok(())
    });
}

#[test]
fn comparison() {
    run("comparison", |case| {
        let nonce = |name| ComparisonNonce::from_bytes(&case.array(name));
        let code = ComparisonCode::new(
            &ComparisonCommitment(case.array("commitment")),
            (&DeviceId(case.array("initiator")), &nonce("initiator_nonce")),
            (&DeviceId(case.array("responder")), &nonce("responder_nonce")),
        );
        assert_eq!(code.map_err(named)?.render().as_str(), case.text("code"));
        Ok(())
    });
}

#[test]
fn passphrase() {
    run("passphrase", |case| {
        Passphrase::new(case.text("passphrase"), &[])
            .map(|_| ())
            .map_err(named)
    });
}

#[test]
fn signing() {
    run("signing", |case| {
        let secret = SigningSecret::from_seed(&case.array("seed"));
        assert_eq!(secret.verifying_key(), VerifyingKey(case.array("public")));
        assert_eq!(
            secret.sign(&case.bytes("message")).as_slice(),
            case.bytes("signature")
        );
        Ok(())
    });
}
