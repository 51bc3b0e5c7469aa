//! How long each path takes: `cargo test --release -p troth-client-core --test document_speed -- --ignored
//! --nocapture`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on must stop"
)]

use std::time::Instant;

use troth_client_core::document::{Incoming, LaneDocument, NewNote, apply_many, limits};

const AUTHOR: [u8; 16] = [1; 16];
const NOTE: [u8; 16] = [7; 16];

fn note() -> NewNote {
    let text = "The couple came in and talked about the week.".into();
    NewNote {
        author: "aa".into(),
        created_ms: 1,
        template: "soap".into(),
        text,
    }
}

fn incoming(change: &[u8]) -> Incoming {
    Incoming {
        change: change.to_vec(),
        actor: AUTHOR,
    }
}

fn timed<T>(what: &str, count: usize, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    let took = start.elapsed();
    println!(
        "{what:<58} {took:>10.1?}  {:>8.1} µs each",
        took.as_secs_f64() * 1e6 / count as f64
    );
    result
}

#[test]
#[ignore = "measures; run it in release"]
fn measure() {
    let caseload: Vec<Vec<Incoming>> = timed("write 1,000 documents of 20 edits", 20_000, || {
        (0..1000)
            .map(|_| {
                let mut doc = LaneDocument::new(AUTHOR).unwrap();
                let mut changes = vec![incoming(&doc.add_note(NOTE, &note()).unwrap())];
                for n in 1..20 {
                    let change = if n % 2 == 0 {
                        doc.edit_note(NOTE, &format!("{} And {n}.", doc.note(NOTE).unwrap().text))
                            .unwrap()
                    } else {
                        doc.set_field(&format!("k{}", n % 7), &format!("value {n}"))
                            .unwrap()
                    };
                    changes.push(incoming(&change));
                }
                changes
            })
            .collect()
    });
    let bytes: usize = caseload.iter().flatten().map(|i| i.change.len()).sum();
    println!("  {bytes} bytes in all");
    let mut docs = timed("apply 1,000 documents of 20 changes, guarded", 1000, || {
        caseload
            .iter()
            .map(|changes| {
                let mut doc = LaneDocument::new([2; 16]).unwrap();
                assert_eq!(doc.apply(changes).unwrap().accepted.len(), 20);
                doc
            })
            .collect::<Vec<_>>()
    });
    timed("the same, many at once", 1000, || {
        let mut documents: Vec<_> = caseload
            .iter()
            .map(|_| LaneDocument::new([2; 16]).unwrap())
            .collect();
        let mut jobs: Vec<_> = documents
            .iter_mut()
            .zip(caseload.iter().map(Vec::as_slice))
            .collect();
        for applied in apply_many(&mut jobs) {
            assert_eq!(applied.unwrap().accepted.len(), 20);
        }
    });
    let saved: Vec<_> = timed("save 1,000 documents", 1000, || {
        docs.iter_mut().map(LaneDocument::save).collect()
    });
    timed("load 1,000 saved documents", 1000, || {
        saved
            .iter()
            .for_each(|saved| drop(LaneDocument::load(saved, AUTHOR).unwrap()));
    });
    timed("JSON of 1,000 documents", 1000, || {
        docs.iter().for_each(|doc| drop(doc.to_json()))
    });
    timed("apply one change to a document just loaded", 1000, || {
        for (saved, other) in saved.iter().zip(&docs) {
            let change = other.clone().set_field("k1", "next").unwrap();
            let mut doc = LaneDocument::load(saved, AUTHOR).unwrap();
            doc.apply(&[Incoming {
                change,
                actor: [2; 16],
            }])
            .unwrap();
        }
    });

    let mut writer = LaneDocument::new(AUTHOR).unwrap();
    writer.add_note(NOTE, &note()).unwrap();
    timed("one field edit, commit and encode", 5000, || {
        for n in 0..5000 {
            writer.set_field(&format!("k{}", n % 50), &n.to_string()).unwrap();
        }
    });
    timed(
        "one note edit, commit and encode (text grows to 9 kB)",
        2000,
        || {
            for n in 0..2000 {
                writer
                    .edit_note(NOTE, &format!("{} {n:03}", writer.note(NOTE).unwrap().text))
                    .unwrap();
            }
        },
    );

    let mut long = LaneDocument::new(AUTHOR).unwrap();
    let changes: Vec<_> = timed("write 100,000 edits into one document", 100_000, || {
        (0..100_000)
            .map(|n| incoming(&long.set_field(&format!("k{}", n % 50), &n.to_string()).unwrap()))
            .collect()
    });
    for size in [limits::BATCH, 1024] {
        timed(
            &format!("apply 100,000 changes in calls of {size}"),
            100_000,
            || {
                let mut doc = LaneDocument::new([2; 16]).unwrap();
                for part in changes.chunks(size) {
                    assert_eq!(doc.apply(part).unwrap().accepted.len(), part.len());
                }
                assert_eq!(doc.heads(), long.heads());
            },
        );
    }
    let mut reader = LaneDocument::new([2; 16]).unwrap();
    reader.apply(&changes).unwrap();
    timed("apply one change, live, to 100,000", 50, || {
        for n in 0..50 {
            let change = long.set_field("live", &n.to_string()).unwrap();
            assert_eq!(reader.apply(&[incoming(&change)]).unwrap().accepted.len(), 1);
        }
    });
    timed("changes since the last heads, of 100,000", 50, || {
        let heads = reader.heads();
        for _ in 0..50 {
            assert!(reader.changes_since(&heads).is_empty());
        }
    });
    let saved = timed("save 100,000 edits", 1, || reader.save());
    println!("  {} bytes", saved.len());
    timed("load 100,000 edits", 1, || {
        LaneDocument::load(&saved, AUTHOR).unwrap()
    });
    let mut large = LaneDocument::new(AUTHOR).unwrap();
    let text = "word ".repeat(limits::NOTE_TEXT / 5);
    let added = timed("add a note of 256 KiB", 1, || {
        large
            .add_note(
                NOTE,
                &NewNote {
                    text: text.clone(),
                    ..note()
                },
            )
            .unwrap()
    });
    let edited = timed("write it anew", 1, || {
        large.edit_note(NOTE, &text.replace("word", "wort")).unwrap()
    });
    let mut reader = LaneDocument::new([2; 16]).unwrap();
    timed("apply both", 2, || {
        reader.apply(&[incoming(&added), incoming(&edited)]).unwrap()
    });
}
