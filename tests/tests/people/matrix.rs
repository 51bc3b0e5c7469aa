//! The access matrix: every role, every lane, every action. Asked of the relay, which refuses by its rules; and of the keys,
//! with the relay's whole store at hand and nobody to refuse.

// Long because the matrix, whom it is asked of, and how, are read together.

use std::collections::BTreeSet;

use minicbor::bytes::ByteVec;
use troth_client_core::crypto::{Cost, Passphrase};
use troth_protocol::cbor;
use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DocumentId, MemberId, Nonce};
use troth_protocol::keys::SealedKeys;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    self, Access, AccessKind, Body, Change, DocumentAction, Erasure, Lane, PayloadRef, Principal, Reader,
    Rights, Role, Seen, Statement,
};
use troth_protocol::stream::Stream;
use troth_protocol::wire::{Append, ClientMessage, Follow, Item, RelayMessage};
use troth_server::core::ConnectionId;
use troth_tests::network::Network;
use troth_tests::outsider::Outsider;
use troth_tests::wire_client::Device as Keys;

use crate::scene::{case, lane, may_write, member, practice, write};

const LANES: [Lane; 6] = [
    Lane::Joint,
    Lane::PartnerA,
    Lane::PartnerB,
    Lane::Assessments,
    Lane::ProcessNotes,
    Lane::Admin,
];

/// Someone in the practice, with a device whose keys the test knows.
struct Person {
    who: &'static str,
    keys: Keys,
    connection: ConnectionId,
}

/// What someone may do with a lane.
#[derive(Debug, PartialEq, Eq)]
struct May {
    list: bool,
    read: bool,
    write: bool,
    share: bool,
    revoke: bool,
    erase: bool,
}

const NOTHING: May = may(false, false, false, false, false);
const EVERYTHING: May = may(true, true, true, true, true);

const fn may(list: bool, read: bool, write: bool, share: bool, erase: bool) -> May {
    May {
        list,
        read,
        write,
        share,
        revoke: share,
        erase,
    }
}

/// The design's defaults, spelled out.
fn expected(who: &str, lane: Lane) -> May {
    let partner = may(true, true, true, false, false);
    match (who, lane) {
        // Erasing needs no key: whoever runs the practice can order it. Reading needs one.
        ("admin", Lane::ProcessNotes) => may(false, false, false, false, true),
        ("admin", _) | ("counselor", _) => EVERYTHING,
        ("partner a", Lane::Joint | Lane::PartnerA) | ("partner b", Lane::Joint | Lane::PartnerB) => partner,
        ("auditor", _) => may(true, false, false, false, false),
        _ => NOTHING,
    }
}

struct Scene {
    net: Network,
    case: CaseId,
    people: Vec<Person>,
    other: MemberId,
    _dir: tempfile::TempDir,
}

/// A practice with everybody in it: an admin, the case's counselor, another one, both partners, an auditor.
fn scene() -> Scene {
    let (mut net, dir) = practice(7);
    let counselor = net.admit(0, Role::Counselor, "Noor Haddad");
    let other = net.admit(0, Role::Counselor, "Sam Okoro");
    let a = net.admit(0, Role::Client, "Chidi");
    let b = net.admit(0, Role::Client, "Maja");
    let auditor = net.admit(0, Role::Auditor, "Auditor");
    let of = case(&mut net, counselor);
    for (partner, own) in [(a, Lane::PartnerA), (b, Lane::PartnerB)] {
        for lane in [own, Lane::Joint] {
            let share = may_write(member(&net, partner));
            net.seats[counselor]
                .device
                .share(&mut net.rng, &of, lane, share)
                .expect("a share");
        }
    }
    net.settle();
    let second = Passphrase::new("five patient otters drift past", &[]).expect("a good passphrase");
    let cost = Cost { m_kib: 8, t: 1, p: 1 };
    let device = &mut net.seats[counselor].device;
    device
        .set_sensitive_passphrase(net.now, &mut net.rng, &second, cost)
        .expect("none yet");
    for at in LANES {
        let document = lane(&net, counselor, &of, at);
        write(&mut net, counselor, document, "sealed for its readers").expect("an edit");
    }
    net.settle();
    let seats = [
        ("admin", 0),
        ("counselor", counselor),
        ("other counselor", other),
        ("partner a", a),
        ("partner b", b),
        ("auditor", auditor),
    ];
    let people = seats.map(|(who, seat)| person(&mut net, who, seat));
    let other = member(&net, other);
    Scene {
        net,
        case: of,
        people: people.into(),
        other,
        _dir: dir,
    }
}

/// A further device of a member, whose keys the test keeps, logged in by hand.
fn person(net: &mut Network, who: &'static str, seat: usize) -> Person {
    let keys = net.own_device(seat);
    let connection = net.log_in(&keys);
    Person {
        who,
        keys,
        connection,
    }
}

impl Scene {
    /// Whether the relay would take a statement. It comes with another one that the relay refuses in any case, so nothing
    /// ever changes: all or nothing.
    fn takes(&mut self, person: usize, body: Body, payload: Vec<u8>) -> Result<(), Rule> {
        let person = &self.people[person];
        let state = self.net.state().expect("a practice");
        let (practice, roster) = (*state.practice(), state.roster.head());
        let control = match &body {
            Body::Change(c) => state.documents.get(&c.document).map(Document::head),
            Body::Document(d) => state.documents.get(&d.document).map(Document::head),
            Body::Erasure(e) => state.documents.get(&e.document).map(Document::head),
            _ => None,
        };
        let seen = |control| Some(Seen { roster, control });
        let asked = Statement {
            signer: person.keys.id(),
            seen: seen(control),
            payload: PayloadRef::of(&payload),
            body,
        };
        let refused = Statement {
            signer: person.keys.id(),
            seen: seen(None),
            payload: None,
            body: Body::Access(Access {
                document: DocumentId::default(),
                kind: AccessKind::Print,
                at: 1,
            }),
        };
        let first = person.keys.upload(&practice, &asked, payload).0;
        let second = person.keys.upload(&practice, &refused, Vec::new()).0;
        let append = Append {
            request: 1,
            uploads: vec![first, second],
        };
        let connection = person.connection;
        let answer = self.net.exchange(connection, &ClientMessage::Append(append));
        let refused = answer.iter().find_map(|message| match message {
            RelayMessage::Refused(refused) => Some(refused),
            _ => None,
        });
        let refused = refused.expect("one of the two is refused");
        if refused.index == 1 {
            Ok(())
        } else {
            Err(refused.rule())
        }
    }

    /// A control statement as the case's counselor would have to make it, in whoever's name.
    fn control(&self, id: DocumentId, action: DocumentAction) -> (Body, Vec<u8>) {
        let state = self.net.state().expect("a practice");
        let position = u64::MAX - 1;
        let (document, by) = (&state.documents[&id], self.people[1].keys.id());
        let actions = vec![action];
        let planned = Document::plan(
            Some(document),
            &state.roster,
            position,
            state.received,
            &by,
            id,
            &actions,
        );
        let sealings: Vec<_> = planned.expect("the counselor may").required.into_iter().collect();
        let payload = if sealings.is_empty() {
            Vec::new()
        } else {
            cbor::encode(&SealedKeys(
                sealings.iter().map(|_| ByteVec::from(vec![7; 64])).collect(),
            ))
        };
        let body = statement::Document {
            document: id,
            prev: Some(document.head()),
            actions,
            sealings,
        };
        (Body::Document(body), payload)
    }

    fn by_the_relay(&mut self, person: usize, id: DocumentId, listed: &Listed) -> May {
        let document = self.net.state().expect("a practice").documents[&id].clone();
        let (sequence, prev) = document.next_of(&self.people[person].keys.id());
        let change = Body::Change(Change {
            document: id,
            epoch: document.epoch(),
            sequence,
            prev,
        });
        let write = self.takes(person, change, vec![1; 300]);
        let stranger = Reader {
            principal: Principal::Member(self.other),
            rights: Rights::Read,
            until: None,
        };
        // Process notes are shared with nobody, by anybody.
        let share = if document.lane() == Lane::ProcessNotes {
            Err(Rule::NotPermitted)
        } else {
            let (body, payload) = self.control(id, DocumentAction::Grant { reader: stranger });
            self.takes(person, body, payload)
        };
        let revoke = document.readers()[0].reader.principal;
        let revoke = if document.lane() == Lane::ProcessNotes {
            Err(Rule::NotPermitted)
        } else {
            let (body, payload) = self.control(id, DocumentAction::Revoke { principal: revoke });
            self.takes(person, body, payload)
        };
        let erase = Body::Erasure(Erasure {
            document: id,
            prev: document.head(),
        });
        let erase = self.takes(person, erase, Vec::new());
        for refused in [&write, &share, &revoke, &erase] {
            assert!(matches!(refused, Ok(()) | Err(Rule::NotPermitted)), "{refused:?}");
        }
        May {
            list: listed.statements.contains(&id),
            read: listed.payloads.contains(&id),
            write: write.is_ok(),
            share: share.is_ok(),
            revoke: revoke.is_ok(),
            erase: erase.is_ok(),
        }
    }

    /// What the relay shows somebody who follows from the beginning.
    fn listed(&mut self, person: usize) -> Listed {
        let follow = Follow {
            nonce: Nonce([2; 32]),
            size: 0,
            through: None,
        };
        let connection = self.people[person].connection;
        let mut listed = Listed::default();
        for message in self.net.exchange(connection, &ClientMessage::Follow(follow)) {
            let RelayMessage::Items(items) = message else {
                continue;
            };
            for item in items.items {
                let Item::Entry(entry) = item else { continue };
                let statement: Statement = cbor::decode(&entry.leaf.signed.statement).expect("a statement");
                let Stream::Document(id) = statement.stream() else {
                    continue;
                };
                listed.statements.insert(id);
                if matches!(statement.body, Body::Change(_)) && entry.payload.is_some() {
                    listed.payloads.insert(id);
                }
            }
        }
        listed
    }
}

#[derive(Default)]
struct Listed {
    statements: BTreeSet<DocumentId>,
    payloads: BTreeSet<DocumentId>,
}

#[test]
fn every_role_in_every_lane_does_what_it_may_and_nothing_else() {
    let mut s = scene();
    for person in 0..s.people.len() {
        let listed = s.listed(person);
        let state = s.net.state().expect("a practice").clone();
        let keys = &s.people[person].keys;
        let (outsider, opened) = Outsider::with(keys, true, &state, &*s.net.store).expect("a readable store");
        let (_, unlocked_once) =
            Outsider::with(keys, false, &state, &*s.net.store).expect("a readable store");
        for at in LANES {
            let id = lane(&s.net, 1, &s.case, at);
            let (who, epoch) = (s.people[person].who, state.documents[&id].epoch());
            let expected = expected(who, at);
            let shown = s.by_the_relay(person, id, &listed);
            let share_or_not = May {
                share: expected.share && at != Lane::ProcessNotes,
                revoke: expected.revoke && at != Lane::ProcessNotes,
                ..expected
            };
            assert_eq!(shown, share_or_not, "{who} in {} by the relay's rules", at.name());
            let reads = expected.read;
            assert_eq!(
                opened.contains(&id),
                reads,
                "{who} in {} by the keys alone",
                at.name()
            );
            // Who cannot read has no key to write under, to share, or to take away.
            assert_eq!(
                outsider.holds(id, epoch),
                reads,
                "{who} in {} by the keys alone",
                at.name()
            );
            let first = reads && at.class() == troth_protocol::keys::Class::General;
            assert_eq!(
                unlocked_once.contains(&id),
                first,
                "{who} in {} with the first unlock",
                at.name()
            );
        }
    }
}

#[test]
fn the_matrix_is_asked_of_everybody() {
    let roles: BTreeSet<Role> = [Role::Admin, Role::Counselor, Role::Client, Role::Auditor].into();
    let s = scene();
    let state = s.net.state().expect("a practice");
    let held: BTreeSet<Role> = s
        .people
        .iter()
        .filter_map(|p| {
            state
                .roster
                .role(&state.roster.devices()[&p.keys.id()].member, u64::MAX)
        })
        .collect();
    assert_eq!(held, roles);
}
