//! The model, on traces of a few lines.

use std::path::Path;

use super::super::trace;
use super::*;

/// The disk of a trace whose lines are written without their threads, and without escapes.
fn disk(lines: &[&str]) -> Disk {
    let escape = |text: &str| -> String { text.bytes().map(|byte| format!("\\x{byte:02x}")).collect() };
    let mut trace = String::new();
    for line in lines {
        // Every second part stands between quotes.
        let parts = line.split('"').enumerate();
        let quoted = parts.map(|(at, part)| {
            if at % 2 == 1 {
                format!("\"{}\"", escape(part))
            } else {
                part.to_owned()
            }
        });
        trace.push_str(&format!("1 {}\n", quoted.collect::<String>()));
    }
    let mut disk = Disk::new(Path::new("/d"));
    disk.run(trace::read(trace.as_bytes(), 0).unwrap().0).unwrap();
    disk
}

fn left(disk: &Disk, cut: usize, loss: Loss) -> String {
    disk.cut(cut, loss).to_string().trim_end().replace("/d/", "")
}

const MADE: [&str; 6] = [
    "openat(AT_FDCWD</>, \"/d/new\", O_WRONLY|O_CREAT, 0600) = 3</d/new>",
    "write(3</d/new>, \"abc\", 3) = 3",
    "fsync(3</d/new>) = 0",
    "write(3</d/new>, \"defg\", 4) = 4",
    "rename(\"/d/new\", \"/d/old\") = 0",
    "fsync(4</d>) = 0",
];

#[test]
fn only_what_was_synced_is_certain() {
    let disk = disk(&MADE);
    assert_eq!(left(&disk, 1, Loss::Unsynced), "", "a name is the directory's");
    assert_eq!(left(&disk, 1, Loss::Contents), "new (0 bytes)");
    assert_eq!(left(&disk, 2, Loss::Contents), "new (3 bytes)");
    assert_eq!(
        left(&disk, 2, Loss::Unsynced),
        "",
        "syncing a file says nothing of its name"
    );
    assert_eq!(left(&disk, 3, Loss::Nothing), "new (7 bytes)");
    assert_eq!(left(&disk, 4, Loss::Contents), "old (3 bytes)");
    assert_eq!(
        left(&disk, 5, Loss::Unsynced),
        "old (3 bytes)",
        "syncing a directory says nothing of its files"
    );
}

#[test]
fn without_a_sync_nothing_is() {
    let disk = disk(&MADE).without_syncs(|_| true);
    assert_eq!(left(&disk, 5, Loss::Unsynced), "");
    assert_eq!(left(&disk, 5, Loss::Contents), "old (0 bytes)");
}

#[test]
fn a_sync_covers_what_had_ended_before_it_began() {
    let disk = disk(&[
        "openat(AT_FDCWD</>, \"/d/f\", O_WRONLY|O_CREAT, 0600) = 3</d/f>",
        "pwrite64(3</d/f>, \"abc\", 3, 0 <unfinished ...>",
        "fsync(3</d/f>) = 0",
        "<... pwrite64 resumed>) = 3",
        "ftruncate(3</d/f>, 9) = 0",
        "fdatasync(3</d/f> <unfinished ...>",
        "<... fdatasync resumed>) = 0",
    ]);
    assert_eq!(left(&disk, 3, Loss::Contents), "f (0 bytes)");
    assert_eq!(
        left(&disk, 5, Loss::Contents),
        "f (0 bytes)",
        "it has not ended yet"
    );
    assert_eq!(left(&disk, 6, Loss::Contents), "f (9 bytes)");
}

#[test]
fn pages_are_lost_one_by_one_and_renames_in_order() {
    let page = "x".repeat(PAGE as usize);
    let write = |at: u64| format!("pwrite64(3</d/b>, \"{page}\", {PAGE}, {}) = {PAGE}", at * PAGE);
    let lines = [
        "openat(AT_FDCWD</>, \"/d/a\", O_WRONLY|O_CREAT, 0600) = 2</d/a>".to_owned(),
        "openat(AT_FDCWD</>, \"/d/b\", O_WRONLY|O_CREAT, 0600) = 3</d/b>".to_owned(),
        write(0),
        write(1),
    ];
    let disk = disk(&lines.each_ref().map(String::as_str));
    let found: std::collections::BTreeSet<_> = (0..200)
        .map(|seed| disk.cut(3, Loss::Some(seed)))
        .map(|image| {
            let b = image.0.get(Path::new("/d/b")).map(|b| {
                b.as_ref()
                    .unwrap()
                    .chunks(PAGE as usize)
                    .map(|p| p[0])
                    .collect::<Vec<_>>()
            });
            (image.0.contains_key(Path::new("/d/a")), b)
        })
        .collect();
    let b = |pages: &[u8]| (true, Some(pages.to_vec()));
    let expected = [(false, None), (true, None), b(b""), b(b"\0x"), b(b"x"), b(b"xx")];
    assert_eq!(found, expected.into());
}

#[test]
fn what_the_model_does_not_know_is_an_error() {
    for line in [
        "fallocate(3</d/f>, 0, 0, 9) = 0",
        "mmap(NULL, 9, PROT_WRITE, MAP_SHARED, 3</d/f>, 0) = 0x10",
    ] {
        let (calls, _) = trace::read(format!("1 {line}\n").as_bytes(), 0).unwrap();
        assert!(Disk::new(Path::new("/d")).run(calls).is_err(), "{line}");
    }
}
