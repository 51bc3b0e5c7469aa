//! Somebody with a device of their own making, which says what no honest one would.

use minicbor::bytes::{ByteArray, ByteVec};
use troth_client_core::content::Whole;
use troth_client_core::crypto::{DocumentCipher, PayloadContext};
use troth_client_core::device::Share;
use troth_client_core::document::{Incoming, LaneDocument, claimed_actor};
use troth_protocol::document::Document;
use troth_protocol::ids::{DocumentId, Hash};
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Attest, Body, Cover, Lane, PayloadRef, Rights, Role, Seen, Snapshot, Statement,
};
use troth_protocol::wire::{Append, ClientMessage, RelayMessage};
use troth_server::core::ConnectionId;
use troth_tests::outsider::Outsider;
use troth_tests::wire_client::Device as Keys;

use crate::scene::Scene;

/// A further device of a member, whose keys the test holds and which says what the test wants.
pub struct Hand {
    keys: Keys,
    connection: ConnectionId,
}

/// What a lying snapshot says.
pub type Lie<'a> = &'a dyn Fn(&mut Vec<Cover>, &mut Vec<Vec<u8>>);

impl Hand {
    pub fn of(s: &mut Scene, seat: usize) -> Self {
        let keys = s.net.own_device(seat);
        s.settle();
        let connection = s.net.log_in(&keys);
        s.settle();
        Self { keys, connection }
    }

    /// Says something of a record; what the relay answers.
    fn say(&self, s: &mut Scene, id: DocumentId, body: Body, payload: Vec<u8>) -> Result<Hash, Rule> {
        let state = s.net.state().expect("a practice");
        let practice = *state.practice();
        let statement = Statement {
            signer: self.keys.id(),
            seen: Some(Seen {
                roster: state.roster.head(),
                control: state.documents.get(&id).map(Document::head),
            }),
            payload: PayloadRef::of(&payload),
            body,
        };
        let (upload, hash) = self.keys.upload(&practice, &statement, payload);
        let append = Append {
            request: 1,
            uploads: vec![upload],
        };
        let answers = s.net.exchange(self.connection, &ClientMessage::Append(append));
        let refused = answers.iter().find_map(|message| match message {
            RelayMessage::Refused(refused) => Some(refused.rule()),
            _ => None,
        });
        s.settle();
        refused.map_or(Ok(hash), Err)
    }

    /// Makes a snapshot of a record as `seat` holds it, but for what the lie changes.
    pub fn snapshot(&self, s: &mut Scene, seat: usize, id: DocumentId, lie: Lie<'_>) -> Result<Hash, Rule> {
        let state = s.net.state().expect("a practice").clone();
        let document = &state.documents[&id];
        let authors = document.authors().iter().map(|(device, author)| Cover {
            device: *device,
            sequence: author.sequence,
            last: author.last,
        });
        let mut covers: Vec<Cover> = authors.collect();
        let device = &mut s.net.seats[seat].device;
        let mut changes = device.read_mut(id, |d| d.changes_since(&[])).expect("readable");
        lie(&mut covers, &mut changes);
        let heads = heads(&changes);
        let whole = Whole {
            heads: heads.into_iter().map(ByteArray::from).collect(),
            changes: changes.into_iter().map(ByteVec::from).collect(),
        };
        let (outsider, _) =
            Outsider::with(&self.keys, true, &state, &*s.net.store).expect("a readable store");
        let key = outsider.key(id, document.epoch()).expect("a reader's key");
        let body = Body::Snapshot(Snapshot {
            document: id,
            epoch: document.epoch(),
            covers,
        });
        let context = PayloadContext {
            practice: *state.practice(),
            document: id,
            epoch: document.epoch(),
            author: self.keys.id(),
            sequence: 0,
            kind: body.kind(),
        };
        let sealed = DocumentCipher::new(key).encrypt(&mut s.net.rng, &context, &whole.encode());
        self.say(s, id, body, sealed.expect("short enough"))
    }

    pub fn attest(&self, s: &mut Scene, document: DocumentId, snapshot: Hash) -> Result<Hash, Rule> {
        self.say(
            s,
            document,
            Body::Attest(Attest { document, snapshot }),
            Vec::new(),
        )
    }
}

/// The heads that these changes lead to, by whoever they claim to be; what is no change at all leads nowhere.
fn heads(changes: &[Vec<u8>]) -> Vec<[u8; 32]> {
    let mut document = LaneDocument::new([0; 16]).expect("an empty document");
    let incoming: Vec<_> = changes
        .iter()
        .filter_map(|change| {
            Some(Incoming {
                change: change.clone(),
                actor: claimed_actor(change)?,
            })
        })
        .collect();
    document.apply(&incoming).expect("applied");
    document.heads()
}

/// The admin, the counselor and a client, who all hold the same five notes; and the counselor's other hand.
pub fn three() -> (Scene, usize, Hand) {
    let mut s = Scene::new(21);
    let client = s.net.admit(s.admin, Role::Client, "Chidi");
    let share = Share {
        member: s.net.seats[client].device.member().expect("a member"),
        rights: Rights::Write,
        until: None,
    };
    let (case, counselor, joint) = (s.case, s.counselor, s.joint);
    let device = &mut s.net.seats[counselor].device;
    device
        .share(&mut s.net.rng, &case, Lane::Joint, share)
        .expect("a share");
    s.settle();
    s.write(counselor, joint, "one");
    s.write(s.admin, joint, "two");
    s.write(client, joint, "three");
    let hand = Hand::of(&mut s, counselor);
    (s, client, hand)
}
