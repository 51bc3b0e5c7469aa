//! Names stay home: what people, devices, practices and cases are called is nowhere on the relay and nowhere on the wire.

use troth_client_core::crypto::Kit;
use troth_protocol::document::Document;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Erasure, Lane, Role, Seen, Statement};
use troth_protocol::wire::{Append, ClientMessage, RelayMessage};
use troth_tests::network::Network;
use troth_tests::wire_client::Device as Keys;

use crate::scene::{all_is_well, case, change_role, lane, member, practice, settle_all, write};

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

/// Orders the directory erased with a device whose keys the test holds; what the relay answers.
fn erases_directory(net: &mut Network, keys: &Keys) -> RelayMessage {
    let connection = net.log_in(keys);
    let state = net.state().expect("a practice");
    let mut documents = state.documents.values();
    let directory = documents.find(|d| d.lane() == Lane::Directory);
    let directory = directory.map(|d| (d.id(), Document::head(d)));
    let (document, prev) = directory.expect("the practice's");
    let statement = Statement {
        signer: keys.id(),
        seen: Some(Seen {
            roster: state.roster.head(),
            control: Some(prev),
        }),
        payload: None,
        body: Body::Erasure(Erasure { document, prev }),
    };
    let (upload, _) = keys.upload(state.practice(), &statement, Vec::new());
    let append = Append {
        request: 1,
        uploads: vec![upload],
    };
    let mut answers = net.exchange(connection, &ClientMessage::Append(append));
    settle_all(net);
    answers.remove(0)
}

#[test]
fn an_admin_alone_has_the_directory_erased_and_nobody_is_held_up_by_it() {
    let (mut net, _dir) = practice(36);
    let counselor = net.admit(0, Role::Counselor, "Noor Haddad");
    let (theirs, own) = (net.own_device(counselor), net.own_device(0));
    let refused = erases_directory(&mut net, &theirs);
    assert!(
        matches!(&refused, RelayMessage::Refused(refused) if refused.rule() == Rule::NotPermitted),
        "{refused:?}"
    );
    let of = member(&net, counselor);
    let name = net.seats[0].device.name_of(of).expect("a practice");
    assert_eq!(name.as_deref(), Some("Noor Haddad"));

    let taken = erases_directory(&mut net, &own);
    assert!(matches!(taken, RelayMessage::Appended(_)), "{taken:?}");
    assert_eq!(net.seats[0].device.name_of(of).expect("a practice"), None);
    // Whoever comes after has no name; nothing of theirs waits for a document that is closed, or is set aside.
    let last = net.admit(0, Role::Counselor, "Maja");
    net.link(0, "phone");
    settle_all(&mut net);
    assert_eq!(net.seats[last].device.role(), Some(Role::Counselor));
    for seat in &mut net.seats {
        let aside = seat.device.quarantine().expect("readable");
        assert!(aside.is_empty(), "{aside:?}");
        assert_eq!(seat.device.waiting(), 0);
    }
    all_is_well(&mut net);
}
