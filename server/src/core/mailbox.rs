//! Mailboxes: where a new device and an old one meet. Held in memory for ten minutes; the relay sees a name derived from a
//! secret, and sealed values.

use std::collections::{BTreeMap, HashMap};

use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{MailboxId, Put, Take};

use super::ConnectionId;

/// Mailboxes held at once: at 64 KiB each, at most 64 MiB.
const MAILBOXES: usize = 1024;
/// Of these, as many as one connection may have opened: linking takes one.
const OPENED: usize = 4;

type Answers = Vec<(ConnectionId, Result<Put, Rule>)>;

struct Mailbox {
    since: u64,
    opened_by: ConnectionId,
    /// A slot is filled once: with its value, or with nothing once it was taken.
    slots: BTreeMap<u8, Option<Vec<u8>>>,
    waiting: BTreeMap<u8, ConnectionId>,
}

/// All mailboxes.
#[derive(Default)]
pub(super) struct Mailboxes(HashMap<MailboxId, Mailbox>);

impl Mailboxes {
    /// Puts a value where none was; whoever waits for it gets it at once.
    pub(super) fn put(&mut self, now: u64, from: ConnectionId, put: Put) -> Answers {
        let Some(mailbox) = self.open(now, from, put.mailbox) else {
            return vec![(from, Err(Rule::Quota))];
        };
        if mailbox.slots.contains_key(&put.slot) {
            return vec![(from, Err(Rule::Mailbox))];
        }
        let mut answers = vec![(
            from,
            Ok(Put {
                value: Vec::new(),
                ..put.clone()
            }),
        )];
        let value = match mailbox.waiting.remove(&put.slot) {
            None => Some(put.value),
            Some(waiting) => {
                answers.push((waiting, Ok(put.clone())));
                None
            }
        };
        mailbox.slots.insert(put.slot, value);
        answers
    }

    /// Takes a value, or waits for it.
    pub(super) fn take(&mut self, now: u64, from: ConnectionId, take: Take) -> Answers {
        let Some(mailbox) = self.open(now, from, take.mailbox) else {
            return vec![(from, Err(Rule::Quota))];
        };
        match mailbox.slots.get_mut(&take.slot) {
            Some(slot) => match slot.take() {
                Some(value) => vec![(
                    from,
                    Ok(Put {
                        mailbox: take.mailbox,
                        slot: take.slot,
                        value,
                    }),
                )],
                None => vec![(from, Err(Rule::Mailbox))],
            },
            None if mailbox.waiting.contains_key(&take.slot) => vec![(from, Err(Rule::Mailbox))],
            None => {
                mailbox.waiting.insert(take.slot, from);
                Vec::new()
            }
        }
    }

    /// Drops what is older than ten minutes; who still waits is told.
    pub(super) fn expire(&mut self, now: u64) -> Answers {
        let mut answers = Vec::new();
        self.0.retain(|_, mailbox| {
            let keep = now < mailbox.since.saturating_add(limits::MAILBOX_MS);
            if !keep {
                answers.extend(mailbox.waiting.values().map(|id| (*id, Err(Rule::Mailbox))));
            }
            keep
        });
        answers
    }

    /// A connection that is gone waits no more, and a mailbox goes with the last who waited where nothing was ever put. What
    /// was put and taken stays known: a slot is not filled twice.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.0.retain(|_, mailbox| {
            mailbox.waiting.retain(|_, waiting| *waiting != id);
            !(mailbox.slots.is_empty() && mailbox.waiting.is_empty())
        });
    }

    /// The clock went back to `now`: no mailbox is from later.
    pub(super) fn set_back(&mut self, now: u64) {
        for mailbox in self.0.values_mut() {
            mailbox.since = mailbox.since.min(now);
        }
    }

    fn open(&mut self, now: u64, from: ConnectionId, id: MailboxId) -> Option<&mut Mailbox> {
        if !self.0.contains_key(&id) {
            let opened = self.0.values().filter(|mailbox| mailbox.opened_by == from);
            if self.0.len() >= MAILBOXES || opened.count() >= OPENED {
                return None;
            }
        }
        Some(self.0.entry(id).or_insert_with(|| Mailbox {
            since: now,
            opened_by: from,
            slots: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }))
    }
}
