//! Changes of a member with valid keys, as they come out of a payload that opened: the bytes are the member's to choose, the
//! checksum fits, the actor is their own. They cost a line and nothing else.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use automerge::legacy::{ElementId, Key, ObjectId, OpId, OpType};
use automerge::{ActorId, Change, ExpandedChange, ObjType, ScalarValue};
use sha2::{Digest, Sha256};
use troth_client_core::document::{Incoming, LaneDocument, NewNote, Reason};

use super::script::Script;

const HONEST: [u8; 16] = [1; 16];
const MALLORY: [u8; 16] = [66; 16];
const READER: [u8; 16] = [9; 16];
const NOTE: [u8; 16] = [7; 16];
/// Longest that one call may take, an instrumented build on a busy machine included.
const PATIENCE: Duration = Duration::from_secs(5);

/// An honest document, and Mallory's own honest edits on top of it, each without its frame.
struct Scene {
    document: LaneDocument,
    edits: Vec<Vec<u8>>,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let note = |text: &str| NewNote {
            author: "aa".into(),
            created_ms: 1,
            template: String::new(),
            text: text.into(),
        };
        let mut document = LaneDocument::new(HONEST).expect("a document");
        document.set_field("mood", "low").expect("a field");
        document.add_note(NOTE, &note("The couple met.")).expect("a note");
        document
            .edit_note(NOTE, "The couple met on time.")
            .expect("an edit");
        let mut mallory = LaneDocument::new(MALLORY).expect("a document");
        give(&mut mallory, HONEST, document.changes_since(&[]));
        let edits = vec![
            mallory.set_field("mood", "calm").expect("a field"),
            mallory
                .edit_note(NOTE, "The couple never met on time.")
                .expect("an edit"),
            mallory.add_note([6; 16], &note("Mine.")).expect("a note"),
            mallory.remove_field("mood").expect("a field"),
        ];
        Scene { document, edits }
    })
}

fn give(
    document: &mut LaneDocument,
    actor: [u8; 16],
    changes: Vec<Vec<u8>>,
) -> troth_client_core::document::Applied {
    let incoming = changes.into_iter().map(|change| Incoming { change, actor });
    document
        .apply(&incoming.collect::<Vec<_>>())
        .expect("a whole document")
}

/// The first byte says how many honest edits come before and whether the rest is deflated; the rest is a change's body, put
/// into a frame whose checksum fits.
pub fn change(data: &[u8]) {
    let [first, body @ ..] = data else { return };
    let before = usize::from(first & 0x7f) % (scene().edits.len() + 1);
    let kind = if first & 0x80 == 0 { 1 } else { 2 };
    offer(before, chunk(kind, body));
}

/// A script that makes an honest edit a lie, in the engine's own words and encoding.
pub fn forged(data: &[u8]) {
    let mut script = Script::new(data);
    let victim = script.below(scene().edits.len());
    let mut lie = expand(&scene().edits[victim]);
    for _ in 0..=script.below(3) {
        if !lie.operations.is_empty() {
            forge(&mut script, &mut lie);
        }
    }
    // The engine itself refuses to write some of them down.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let written = std::panic::catch_unwind(|| Change::from(lie).raw_bytes().to_vec());
    std::panic::set_hook(hook);
    if let Ok(bytes) = written {
        offer(victim, bytes);
    }
}

fn offer(before: usize, bytes: Vec<u8>) {
    let scene = scene();
    let mut target = scene.document.clone();
    let mut changes = scene.edits[..before].to_vec();
    changes.push(bytes);
    let start = Instant::now();
    let applied = give(&mut target, MALLORY, changes);
    assert!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    assert!(applied.accepted.len() >= before, "what came before it stays");
    for poisoned in &applied.poisoned {
        assert_eq!(poisoned.index, before, "only the culprit is named");
        let reason = &poisoned.reason;
        assert!(
            !matches!(reason, Reason::Panicked | Reason::Stalled),
            "the rules stop it before the engine: {reason}"
        );
    }
    if applied.accepted.contains(&before) {
        usable(&target);
    }
}

/// The document reads, takes edits, saves, opens again as the same, and a newcomer accepts all that it holds.
fn usable(document: &LaneDocument) {
    let mut document = document.clone();
    document.set_field("after", "all").expect("a field");
    let mut again = LaneDocument::load(&document.save(), READER).expect("it opens again");
    assert_eq!(again.heads(), document.heads());
    assert_eq!(again.to_json(), document.to_json());
    let mut fresh = LaneDocument::new(READER).expect("a document");
    let all = document.changes_since(&[]);
    let incoming: Vec<Incoming> = all
        .iter()
        .map(|change| Incoming {
            change: change.clone(),
            actor: troth_client_core::document::claimed_actor(change).expect("a change"),
        })
        .collect();
    let accepted = fresh.apply(&incoming).expect("a whole document").accepted.len();
    assert_eq!(accepted, all.len(), "what one accepts every other accepts");
    assert_eq!(fresh.to_json(), document.to_json());
}

/// A change's body in a frame whose checksum fits.
pub(super) fn chunk(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut head = vec![kind];
    let mut length = body.len();
    while length >= 0x80 {
        head.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    head.push(length as u8);
    let digest = Sha256::new().chain_update(&head).chain_update(body).finalize();
    [&[0x85, 0x6f, 0x4a, 0x83], &digest[..4], &head, body].concat()
}

/// Inputs of [`change`] that are honest edits.
pub(super) fn honest() -> Vec<Vec<u8>> {
    let bodies = scene().edits.iter().enumerate().map(|(before, edit)| {
        let chunk = Change::try_from(&edit[..])
            .expect("a change")
            .raw_bytes()
            .to_vec();
        let length = chunk[9..].iter().position(|b| b & 0x80 == 0).expect("a length") + 1;
        [&[before as u8], &chunk[9 + length..]].concat()
    });
    bodies.collect()
}

fn expand(change: &[u8]) -> ExpandedChange {
    Change::try_from(change).expect("a change").decode()
}

fn forge(script: &mut Script<'_>, change: &mut ExpandedChange) {
    let some_id = |script: &mut Script<'_>| {
        let actors = [HONEST, MALLORY, READER, *b"troth-genesis-v1"];
        let actor = ActorId::from(&actors[script.below(4)][..]);
        OpId::new(script.number() & 0x1_ffff_ffff, &actor)
    };
    let count = change.operations.len();
    let at = script.below(count);
    let op = &mut change.operations[at];
    match script.below(14) {
        0 => op.obj = ObjectId::Root,
        1 => op.obj = ObjectId::Id(some_id(script)),
        2 => op.key = Key::Seq(ElementId::Id(some_id(script))),
        3 => op.key = Key::Map(["mood", "text", "", "signatures", "notes"][script.below(5)].into()),
        4 => op.key = Key::Seq(ElementId::Head),
        5 => op.pred = vec![some_id(script)].into(),
        6 => op.pred = vec![some_id(script), some_id(script)].into(),
        7 => op.pred = Vec::new().into(),
        8 => op.insert = !op.insert,
        9 => {
            op.action = match script.below(8) {
                0 => OpType::Delete,
                1 => OpType::Make(ObjType::Map),
                2 => OpType::Make(ObjType::Text),
                3 => OpType::Make(ObjType::List),
                4 => OpType::Increment(i64::MAX),
                5 => OpType::MarkEnd(true),
                6 => OpType::Put(ScalarValue::Bytes(script.bytes().to_vec())),
                _ => OpType::Put(ScalarValue::counter(3)),
            }
        }
        10 => {
            let start = script.number().max(1);
            change.start_op = start.try_into().expect("not zero");
        }
        11 => change.seq = script.number(),
        12 => drop(change.operations.remove(at)),
        _ => {
            let other = change.operations[script.below(count)].clone();
            change.operations.insert(at, other);
        }
    }
}
