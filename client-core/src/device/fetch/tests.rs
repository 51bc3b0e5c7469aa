use troth_protocol::checkpoint::CompactCheckpoint;
use troth_protocol::entry::{Leaf, Signed};
use troth_protocol::signature::Signature;
use troth_protocol::tree::leaf_hash;

use super::*;

fn document(number: u8) -> DocumentId {
    DocumentId([number; 16])
}

/// A frame of one entry with so long a payload.
fn frame_of(payload: usize) -> Items {
    let leaf = Leaf {
        received: 0,
        stream_seq: 0,
        signed: Signed {
            statement: Vec::new(),
            signature: Signature::Ed25519([0; 64]),
        },
    };
    let mut frontier = Frontier::new();
    frontier.push_leaf(leaf_hash(&leaf.encode())).unwrap();
    let entry = EntryItem {
        leaf,
        payload: Some(vec![0; payload].into()),
    };
    Items {
        from: 0,
        items: vec![Item::Entry(entry)],
        checkpoint: CompactCheckpoint {
            size: 1,
            root: frontier.root(),
            signature: [0; 64],
        },
        counts: None,
    }
}

fn fetching(asked: u8) -> Fetching {
    let wanted: Vec<DocumentId> = (0..9).map(document).collect();
    Fetching {
        asked: wanted.iter().take(asked.into()).copied().collect(),
        ..Fetching::wanting(wanted)
    }
}

#[test]
fn of_more_than_fits_half_as_many_are_asked_for() {
    let mut fetching = fetching(9);
    assert!(fetching.fold(frame_of(1000)).is_ok());
    assert!(!fetching.is_too_much(1000));
    assert!(fetching.is_too_much(999));
    fetching.put_off();
    assert_eq!((fetching.at_once, fetching.held), (4, 0));
    assert!(fetching.entries.is_empty());
    assert_eq!(fetching.wanted().count(), 9, "what is wanted stays wanted");
}

#[test]
fn one_alone_may_be_as_large_as_it_is() {
    let mut fetching = fetching(1);
    assert!(fetching.fold(frame_of(1000)).is_ok());
    assert!(!fetching.is_too_much(10));
}
