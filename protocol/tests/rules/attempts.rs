//! What devices may come to say, at random.

use proptest::prelude::*;
use troth_protocol::keys::Class;
use troth_protocol::statement::{Lane, Rights, Role};

use crate::practice::WEEK_MS;

/// One attempt. The numbers pick among the devices and documents that there are; many attempts will be refused.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub by: usize,
    pub other: usize,
    pub document: usize,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    AddDevice,
    AddKit,
    RevokeDevice {
        turn: bool,
    },
    TurnOwn(Class),
    TurnAdmin(Class),
    Join(Role),
    ChangeRole(Role),
    Remove,
    Propose,
    Approve {
        turn: bool,
    },
    Stop,
    /// Names a custodian, or nobody.
    Custodian(bool),
    Create {
        lane: Lane,
        admins: bool,
        share: Option<u64>,
    },
    Grant {
        rights: Rights,
        admins: bool,
        until: Option<u64>,
    },
    Withdraw {
        turn: bool,
    },
    Turn,
    Reseal,
    Edit {
        late_epoch: bool,
    },
    Snapshot,
    Attest,
    Supersede,
    Erase,
    Login,
    Access,
    Wait(u64),
}

fn what() -> impl Strategy<Value = What> {
    let class = || prop::sample::select(&Class::ALL[..]);
    let role = || prop::sample::select(&[Role::Admin, Role::Counselor, Role::Client, Role::Auditor][..]);
    let lane = prop::sample::select(&[Lane::Joint, Lane::ProcessNotes, Lane::Assessments][..]);
    let until = || prop::option::weighted(0.3, prop_oneof![1..50u64, Just(10 * WEEK_MS)]);
    let rights = prop::sample::select(&[Rights::Read, Rights::Write][..]);
    prop_oneof![
        2 => Just(What::AddDevice),
        1 => Just(What::AddKit),
        2 => any::<bool>().prop_map(|turn| What::RevokeDevice { turn }),
        1 => class().prop_map(What::TurnOwn),
        1 => class().prop_map(What::TurnAdmin),
        3 => role().prop_map(What::Join),
        2 => role().prop_map(What::ChangeRole),
        1 => Just(What::Remove),
        4 => Just(What::Propose),
        6 => any::<bool>().prop_map(|turn| What::Approve { turn }),
        1 => Just(What::Stop),
        1 => any::<bool>().prop_map(What::Custodian),
        3 => (lane, any::<bool>(), until()).prop_map(|(lane, admins, share)| What::Create { lane, admins, share }),
        3 => (rights, any::<bool>(), until())
            .prop_map(|(rights, admins, until)| What::Grant { rights, admins, until }),
        2 => any::<bool>().prop_map(|turn| What::Withdraw { turn }),
        3 => Just(What::Turn),
        1 => Just(What::Reseal),
        8 => prop::bool::weighted(0.1).prop_map(|late_epoch| What::Edit { late_epoch }),
        3 => Just(What::Snapshot),
        3 => Just(What::Attest),
        1 => Just(What::Supersede),
        1 => Just(What::Erase),
        1 => Just(What::Login),
        1 => Just(What::Access),
        2 => (1..30u64).prop_map(What::Wait),
        1 => Just(What::Wait(WEEK_MS)),
    ]
}

pub fn attempt() -> impl Strategy<Value = Attempt> {
    // The founder's device, which can do most, tries half of the time.
    let by = prop_oneof![Just(0), 0..12usize];
    (by, 0..12usize, 0..4usize, what()).prop_map(|(by, other, document, what)| Attempt {
        by,
        other,
        document,
        what,
    })
}

/// The name of what is attempted, without how.
pub fn kind(what: &What) -> String {
    let text = format!("{what:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}
