use ed25519_dalek::SigningKey;
use troth_protocol::checkpoint::Checkpoint;
use troth_protocol::entry::Signed;
use troth_protocol::ids::{DocumentId, InviteId};
use troth_protocol::labels;
use troth_protocol::signature::{Signature, message};
use troth_protocol::statement::{Statement, SubmissionKind};
use troth_protocol::tree::{TILE_WIDTH, Tree};

use super::*;
use crate::crypto::IntakeSecret;

const PRACTICE: PracticeId = PracticeId([1; 32]);
const POSITION: u64 = 417;

/// A ledger, the leaves in it, and the receipt of one of them when it was `then` long.
struct Scene {
    leaves: Vec<Hash>,
    key: SigningKey,
    receipt: IntakeReceipt,
}

fn scene(then: u64, now: u64) -> Scene {
    let secret = IntakeSecret::from_bytes(&[7; 32]);
    let signing = secret.signing();
    let link = signing.verifying_key();
    let statement = cbor::encode(&Statement {
        signer: DeviceId(Hash::of(&[link.as_bytes()]).0),
        seen: None,
        payload: None,
        body: Body::Submission(Submission {
            document: DocumentId([2; 16]),
            invite: InviteId([3; 16]),
            kind: SubmissionKind::Answers,
            sequence: 1,
            prev: None,
        }),
    });
    let signature = Signature::Ed25519(signing.sign(&message(labels::STATEMENT, &PRACTICE, &statement)));
    let leaf = Leaf {
        received: 1_790_000_000_000,
        stream_seq: 4,
        signed: Signed { statement, signature },
    };
    let mut leaves: Vec<Hash> = (0..now).map(|i| leaf_hash(&i.to_be_bytes())).collect();
    leaves[POSITION as usize] = leaf_hash(&leaf.encode());
    let key = SigningKey::from_bytes(&[9; 32]);
    let parts = Parts {
        origin: "relay.example".into(),
        practice: PRACTICE,
        ledger_key: VerifyingKey(key.verifying_key().to_bytes()),
        link,
        position: POSITION,
        leaf,
        checkpoint: signed(&leaves, then).sign_compact(&key),
        ledger: None,
    };
    let receipt = IntakeReceipt::check(parts).unwrap();
    Scene { leaves, key, receipt }
}

fn signed(leaves: &[Hash], size: u64) -> Checkpoint {
    let mut tree = Tree::new();
    tree.append(&leaves[..size as usize]).unwrap();
    Checkpoint::new(ledger_origin("relay.example", &PRACTICE), size, tree.root()).unwrap()
}

impl Scene {
    fn note(&self, size: u64) -> Vec<u8> {
        let note = signed(&self.leaves, size).sign(&self.key);
        note.to_string().into_bytes()
    }

    /// The relay's tiles, of which only those are there that were asked for.
    fn proves(&self, size: u64) -> Result<(), ReceiptFault> {
        let now = self.receipt.current(&self.note(size))?;
        let asked = self.receipt.tiles(&now);
        assert!(asked.iter().all(|path| path.is_within(size)), "{asked:?}");
        let mut source = |level: u8, index: u64| {
            let path = asked
                .iter()
                .find(|path| path.tile() == Tile { level, index })
                .ok_or(())?;
            Ok::<_, ()>(self.hashes(level, index)[..path.width()].to_vec())
        };
        self.receipt.prove(&now, &mut source)
    }

    fn hashes(&self, level: u8, index: u64) -> Vec<Hash> {
        let width = TILE_WIDTH.pow(u32::from(level));
        let perfect = |leaves: &[Hash]| {
            let mut tree = Tree::new();
            tree.append(leaves).unwrap();
            tree.root()
        };
        let all = self.leaves.chunks_exact(width).map(perfect);
        all.skip(index as usize * TILE_WIDTH).take(TILE_WIDTH).collect()
    }
}

#[test]
fn a_receipt_is_read_as_it_was_written_and_proven_by_tiles() {
    for (then, now) in [
        (418, 418),
        (418, 419),
        (500, 700),
        (512, 1_024),
        (700, 700),
        (600, 66_000),
    ] {
        let scene = scene(then, now);
        let text = scene.receipt.text();
        let again = IntakeReceipt::parse(&text).unwrap();
        assert_eq!(again.parts, scene.receipt.parts);
        assert_eq!(
            (again.position(), again.received()),
            (POSITION, 1_790_000_000_000)
        );
        scene
            .proves(now)
            .unwrap_or_else(|fault| panic!("{then} of {now}: {fault}"));
    }
}

#[test]
fn a_receipt_that_was_cut_or_altered_anywhere_shows_nothing() {
    let text = scene(500, 700).receipt.text();
    let not_shown = |text: &str| IntakeReceipt::parse(text).unwrap_err();
    assert_eq!(not_shown("Thank you"), ReceiptFault::NotAReceipt);
    assert_eq!(not_shown("v2.AAAA"), ReceiptFault::Version);
    for cut in [text.len() - 1, text.len() / 2, 4] {
        assert_eq!(not_shown(&text[..cut]), ReceiptFault::Truncated, "{cut}");
    }
    let bytes = BASE64URL_NOPAD.decode(&text.as_bytes()[3..]).unwrap();
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 1;
        let other = format!("v1.{}", BASE64URL_NOPAD.encode(&other));
        let same = IntakeReceipt::parse(&other);
        // What neither the link nor the ledger signs is where the leaf stands, and when it was taken: the tiles tell.
        let Ok(receipt) = same else { continue };
        let moved = Scene {
            receipt,
            ..scene(500, 700)
        };
        assert_eq!(moved.proves(700), Err(ReceiptFault::NotInIt), "byte {at}");
    }
}

#[test]
fn a_ledger_that_left_it_out_went_back_or_is_another_does_not_prove_it() {
    let mut scene = scene(500, 700);
    assert_eq!(scene.proves(499), Err(ReceiptFault::Shorter));
    let key = std::mem::replace(&mut scene.key, SigningKey::from_bytes(&[8; 32]));
    assert_eq!(scene.proves(700), Err(ReceiptFault::OtherLedger));
    scene.key = key;
    scene.leaves[POSITION as usize] = leaf_hash(b"another");
    assert_eq!(scene.proves(700), Err(ReceiptFault::NotInIt));
}

#[test]
fn a_history_written_anew_since_does_not_prove_it() {
    let mut scene = scene(500, 700);
    // The ledger of the receipt is as it was; the one signed since has other entries in its past.
    scene.leaves[3] = leaf_hash(b"another");
    assert_eq!(scene.proves(700), Err(ReceiptFault::NotInIt));
}
