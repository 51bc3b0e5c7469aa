//! The practice chain: who belongs, with which devices, roles and keys.
//!
//! The roster keeps its history: every question can be asked *as of* a position, so that a document's entries can be judged
//! long after, by whoever is shown them, against the roster as it was.

mod apply;
mod history;
mod recipients;
mod recovery;
mod resumption;

pub use apply::Planned;
pub(crate) use apply::check_sealings;

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

pub use history::{Device, Invitation, KeyHistory, Keyring, Member};
pub use recovery::Recovery;
pub use resumption::{Era, Resumption};

use crate::ids::{DeviceId, Hash, InviteId, MemberId, PracticeId, VerifyingKey};
use crate::keys::{Class, DeviceKeys};
use crate::rule::Rule;
use crate::statement::{Policy, Role};

/// The practice chain's state, with its history.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Roster {
    #[n(0)]
    practice: PracticeId,
    #[n(1)]
    origin: String,
    #[n(2)]
    policy: Policy,
    #[n(3)]
    head: Hash,
    #[n(4)]
    heads: BTreeMap<Hash, u64>,
    #[n(5)]
    members: BTreeMap<MemberId, Member>,
    #[n(6)]
    devices: BTreeMap<DeviceId, Device>,
    #[n(7)]
    admin: Keyring,
    #[n(8)]
    ledger_keys: Vec<(u64, VerifyingKey)>,
    #[n(9)]
    invites: BTreeMap<InviteId, Invitation>,
    #[n(10)]
    recoveries: BTreeMap<Hash, Recovery>,
    #[n(11)]
    custodians: Vec<(u64, Option<MemberId>)>,
    /// Left out where there was none, as it is in what was kept before there could be.
    #[n(12)]
    resumptions: Option<Vec<Resumption>>,
}

impl Roster {
    /// The practice.
    pub const fn practice(&self) -> &PracticeId {
        &self.practice
    }

    /// The relay's origin, as genesis pins it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The origin of the practice's ledger as it is now: the name that its newest checkpoint is signed under.
    pub fn ledger_origin(&self) -> String {
        self.origin_at(u64::MAX)
    }

    /// The policy in force.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the policy ever named a member as the custodian of process notes.
    pub fn was_custodian(&self, member: &MemberId) -> bool {
        self.custodians.iter().any(|(_, named)| *named == Some(*member))
    }

    /// The custodian of process notes that the policy named as of a position, whatever became of them since.
    pub fn custodian(&self, position: u64) -> Option<MemberId> {
        let named = self.custodians.iter().rev().find(|(from, _)| *from <= position);
        named.and_then(|(_, custodian)| *custodian)
    }

    /// Hash of the newest roster statement.
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// Whether `head` was the chain's head at some time before or at `position`.
    pub fn knows_head(&self, head: &Hash, position: u64) -> bool {
        self.heads.get(head).is_some_and(|at| *at <= position)
    }

    /// The key that the relay signs with now.
    pub fn ledger_key(&self) -> VerifyingKey {
        self.ledger_keys.last().map(|(_, key)| *key).unwrap_or_default()
    }

    /// Every key that the relay has signed with, and the position from which it did.
    pub fn ledger_keys(&self) -> &[(u64, VerifyingKey)] {
        &self.ledger_keys
    }

    /// The key that an honest relay signs a tree of a size with, which never changes: the newest that such a tree turned to.
    pub fn key_at(&self, size: u64) -> VerifyingKey {
        let turned = self.ledger_keys.iter().rev().find(|(from, _)| *from < size);
        turned
            .or_else(|| self.ledger_keys.first())
            .map(|(_, key)| *key)
            .unwrap_or_default()
    }

    /// The largest tree that the key which signed one of `size` entries signs, where the ledger has turned to another since.
    pub fn turned_after(&self, size: u64) -> Option<u64> {
        let mut turns = self.ledger_keys.iter().skip(1).map(|(at, _)| *at);
        turns.find(|at| *at >= size)
    }

    /// The keys that may sign a checkpoint of a size, the newest first: the one that the relay has now signs every size, those
    /// before it none that holds the statement that turned them.
    pub fn keys_for(&self, size: u64) -> impl Iterator<Item = VerifyingKey> {
        let mut turned = None;
        self.ledger_keys.iter().rev().filter_map(move |(from, key)| {
            let until = turned.replace(*from);
            until.is_none_or(|at| size <= at).then_some(*key)
        })
    }

    /// Every member, past and present.
    pub const fn members(&self) -> &BTreeMap<MemberId, Member> {
        &self.members
    }

    /// Every device, past and present.
    pub const fn devices(&self) -> &BTreeMap<DeviceId, Device> {
        &self.devices
    }

    /// Every open or used invitation.
    pub const fn invites(&self) -> &BTreeMap<InviteId, Invitation> {
        &self.invites
    }

    /// A member's role as of a position; `None` before they joined and after they left.
    pub fn role(&self, member: &MemberId, position: u64) -> Option<Role> {
        self.members.get(member)?.role(position)
    }

    /// Whether a member is an admin or a counselor as of a position.
    pub fn is_staff(&self, member: &MemberId, position: u64) -> bool {
        self.role(member, position).is_some_and(Role::is_staff)
    }

    /// A device that was active as of a position: R11 for one that the practice never had, R12 for one that it no longer has.
    pub fn active(&self, device: &DeviceId, position: u64) -> Result<&Device, Rule> {
        let found = self
            .devices
            .get(device)
            .filter(|d| d.added <= position)
            .ok_or(Rule::UnknownDevice)?;
        let gone = found.revoked.is_some_and(|at| at <= position);
        if gone || self.role(&found.member, position).is_none() {
            Err(Rule::Revoked)
        } else {
            Ok(found)
        }
    }

    /// The active devices of a member as of a position.
    pub fn devices_of(
        &self,
        member: MemberId,
        position: u64,
    ) -> impl Iterator<Item = (&DeviceId, &DeviceKeys)> {
        self.devices
            .iter()
            .filter(move |(id, d)| d.member == member && self.active(id, position).is_ok())
            .map(|(id, d)| (id, &d.keys))
    }

    /// The active members of a role as of a position.
    pub fn members_with(&self, role: Role, position: u64) -> impl Iterator<Item = &MemberId> {
        self.members
            .iter()
            .filter(move |(_, m)| m.role(position) == Some(role))
            .map(|(id, _)| id)
    }

    /// The history of the admin role's key of a class. No other role has keys.
    pub fn admin_key(&self, class: Class) -> &KeyHistory {
        self.admin.class(class)
    }
}
