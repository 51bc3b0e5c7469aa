//! What is kept for an intake link, beside every ledger.

use troth_protocol::ids::InviteId;

use super::scene::{Scene, bytes_of, marks, marks_in_files, next, practice};

pub fn what_is_kept_for_a_link_is_kept_and_taken_away(scene: &mut Scene<'_>) {
    let (one, other) = (InviteId([1; 16]), InviteId([2; 16]));
    let long = bytes_of("a draft", 60_000);
    let store = scene.open();
    assert_eq!(store.kept(&one).unwrap(), None);
    store.keep(&one, Some(&long)).unwrap();
    store.keep(&other, Some(b"short")).unwrap();
    // A ledger grows beside it and is not touched.
    store.commit(&[next(&practice(1), 0, 3)]).unwrap();
    drop(store);
    let store = scene.open();
    assert_eq!(store.kept(&one).unwrap().as_deref(), Some(&long[..]));
    // A shorter one leaves nothing of the longer one behind.
    store.keep(&one, Some(b"x")).unwrap();
    assert_eq!(store.kept(&one).unwrap().as_deref(), Some(&b"x"[..]));
    assert_eq!(store.kept(&other).unwrap().as_deref(), Some(&b"short"[..]));
    store.keep(&one, None).unwrap();
    store.keep(&one, None).unwrap();
    assert_eq!(store.kept(&one).unwrap(), None);
    assert_eq!(store.head(&practice(1)).unwrap().map(|head| head.size), Some(3));
    if scene.subject.forgets {
        store.reclaim().unwrap();
        drop(store);
        let left = marks_in_files(&scene.dir(), &marks(&long).collect());
        assert!(left.is_empty(), "a draft that was taken away is in the files");
    }
}
