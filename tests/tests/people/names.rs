//! Names stay home: what people, devices, practices and cases are called is nowhere on the relay and nowhere on the wire.

use troth_client_core::crypto::Kit;
use troth_protocol::statement::{Lane, Role};

use crate::scene::{all_is_well, case, change_role, lane, member, practice, write};

const NAMES: [&str; 9] = [
    "Lindenhof",
    "Ada Winter",
    "Noor Haddad",
    "Maja",
    "Okafor",
    "Lindqvist",
    "Chidi",
    "laptop",
    "study",
];

fn holds(bytes: &[u8], name: &str) -> bool {
    let lower = bytes.to_ascii_lowercase();
    let name = name.to_lowercase();
    lower.windows(name.len()).any(|window| window == name.as_bytes())
}

#[test]
fn no_name_is_in_the_relays_store_or_in_any_frame() {
    let (mut net, dir) = practice(31);
    let counselor = net.admit(0, Role::Counselor, "Noor Haddad");
    net.admit(0, Role::Client, "Maja");
    let of = case(&mut net, counselor);
    let joint = lane(&net, counselor, &of, Lane::Joint);
    write(
        &mut net,
        counselor,
        joint,
        "Chidi says that Maja and he will talk",
    )
    .expect("an edit");
    let kit = Kit::generate(&mut net.rng);
    net.seats[counselor]
        .device
        .add_kit(&mut net.rng, &kit)
        .expect("a kit");
    let to = member(&net, counselor);
    change_role(&mut net, 0, to, Role::Admin);
    net.settle();
    all_is_well(&mut net);
    assert!(net.wire.len() > 100 && net.wire.iter().any(|frame| frame.len() > 1000));
    for frame in &net.wire {
        for name in NAMES {
            assert!(!holds(frame, name), "{name} in a frame of {} bytes", frame.len());
        }
    }
    let (mut files, mut bytes) = (0, 0);
    let mut folders = vec![dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for item in std::fs::read_dir(folder).expect("readable") {
            let path = item.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let content = std::fs::read(&path).expect("readable");
            (files, bytes) = (files + 1, bytes + content.len());
            for name in NAMES {
                assert!(!holds(&content, name), "{name} in {}", path.display());
            }
        }
    }
    assert!(
        files >= 2 && bytes > 100_000,
        "{files} files of {bytes} bytes are not a relay's store"
    );
    // The search finds what is there: the devices, who may know the names, do.
    let known = net.seats[counselor].device.members().expect("a roster");
    assert!(known.iter().any(|m| m.name.as_deref() == Some("Noor Haddad")));
    assert!(holds(b"... Noor HADDAD ...", "Noor Haddad"));
}
