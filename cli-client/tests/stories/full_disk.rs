//! A device whose disk is full.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::stage::Stage;

const DISK: &str = "TROTH_SMALL_DISK";
const STORY: &str = "full_disk::a_full_disk_is_said_with_the_remedy_and_nothing_is_lost";

/// Runs a program where a disk of 4 MiB is mounted that nobody else sees.
fn with_a_disk(disk: &Path, privileged: bool, run: &[&OsStr]) -> std::io::Result<Output> {
    let mine = ["--user", "--map-root-user"];
    Command::new("unshare")
        .args(if privileged { &[] } else { &mine[..] })
        .args(["--mount", "sh", "-c"])
        .arg("mount -t tmpfs -o size=4m tmpfs \"$TROTH_SMALL_DISK\" && exec \"$@\"")
        .arg("sh")
        .args(run)
        .env(DISK, disk)
        .output()
}

/// The disk, in a process that has one; `None` in the one that started it, once it is done. Where no disk may be mounted the
/// story is left out with a message, unless this is the superuser, or CI.
fn small_disk() -> Option<PathBuf> {
    if let Some(disk) = std::env::var_os(DISK) {
        return Some(disk.into());
    }
    let disk = tempfile::tempdir().unwrap();
    let privileged = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|id| id.stdout.starts_with(b"0"));
    let tried = with_a_disk(disk.path(), privileged, &["true".as_ref()]);
    if !tried.is_ok_and(|tried| tried.status.success()) {
        let insists = privileged || std::env::var_os("CI").is_some();
        assert!(!insists, "no disk can be mounted: is there an `unshare`?");
        eprintln!("{STORY} is left out: no disk may be mounted here");
        return None;
    }
    let program = std::env::current_exe().unwrap();
    let run = [program.as_os_str(), "--exact".as_ref(), STORY.as_ref()];
    let ran = with_a_disk(disk.path(), privileged, &run).unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    None
}

/// Fills what is left.
fn fill(file: &Path) {
    let mut file = std::fs::File::create(file).unwrap();
    let mut piece = vec![7; 64 << 10];
    while !piece.is_empty() {
        while file.write_all(&piece).is_ok() {}
        piece.truncate(piece.len() / 2);
    }
}

#[test]
fn a_full_disk_is_said_with_the_remedy_and_nothing_is_lost() {
    let Some(disk) = small_disk() else { return };
    let stage = Stage::new();
    let relay = stage.relay();
    let laptop = stage.troth(disk.join("laptop").to_str().unwrap());
    let names = [
        "--name",
        "Harbourlight Counsel",
        "--as",
        "Wanjiru Ashdown",
        "--device-name",
        "laptop",
    ];
    laptop.ok(&[&["practice", "init", "--relay", &relay.url], &names[..]].concat());
    laptop.ok(&["case", "new", "--skip-recovery", "Lee", "--partner-a", "Ann"]);
    let add = |text: &'static str| ["note", "add", "Lee", "--lane", "joint", "--text", text];
    laptop.ok(&add("before"));

    let ballast = disk.join("ballast");
    fill(&ballast);
    let ran = laptop.run(&add("during"));
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stderr.contains("disk is full") && ran.stderr.contains("make room"),
        "{}",
        ran.stderr
    );

    // As much room as it takes to open the device, and none for a whole file: nothing half-written stays.
    std::fs::remove_file(&ballast).unwrap();
    let filler = disk.join("filler");
    fill(&filler);
    let all = std::fs::metadata(&filler).unwrap().len();
    let room = 160 << 10;
    std::fs::File::options()
        .write(true)
        .open(&filler)
        .unwrap()
        .set_len(all - room)
        .unwrap();
    let mut exported = 0;
    for number in 0..64 {
        let out = disk.join(format!("ledger-{number}.troth"));
        let ran = laptop.run(&["ledger", "export", "--out", out.to_str().unwrap()]);
        if ran.code != 0 {
            assert_eq!(ran.code, 1, "{}", ran.stderr);
            break;
        }
        exported += 1;
    }
    assert!((1..64).contains(&exported), "{exported} were written");
    std::fs::remove_file(&filler).unwrap();
    let whole = std::fs::metadata(disk.join("ledger-0.troth")).unwrap().len();
    for file in std::fs::read_dir(&disk).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        assert!(!name.ends_with(".part"), "{name} stayed");
        if name.starts_with("ledger-") {
            let length = file.metadata().unwrap().len();
            assert!(
                length.abs_diff(whole) < whole / 10,
                "{name} has {length} bytes of {whole}"
            );
        }
    }

    laptop.ok(&add("after"));
    let notes = laptop.ok(&["note", "list", "Lee", "--lane", "joint"]).stdout;
    assert!(notes.contains("before") && notes.contains("after"), "{notes}");
    assert!(!notes.contains("during"), "it was refused, and said so: {notes}");
}
