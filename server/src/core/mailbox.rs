//! Mailboxes: where a new device and an old one meet. Held in memory for ten minutes; the relay sees a name derived from a
//! secret, and sealed values.
//!
//! Both ends may lose their connection, or their program, at any moment, and then say again what they said. So a value put
//! again is answered as the first time, and a value is given to whoever asks, as often as they ask.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{MailboxId, NoMail, Put, Take};

use super::ConnectionId;

type Answers = Vec<(ConnectionId, Result<Put, NoMail>)>;

struct Mailbox {
    since: u64,
    opened_by: ConnectionId,
    /// Whether whoever opened it is gone.
    left: bool,
    /// A slot is filled once.
    slots: BTreeMap<u8, Vec<u8>>,
    waiting: BTreeSet<(u8, ConnectionId)>,
}

/// All mailboxes.
#[derive(Default)]
pub(super) struct Mailboxes(HashMap<MailboxId, Mailbox>);

impl Mailboxes {
    /// Puts a value where none was; whoever waits for it gets it at once.
    pub(super) fn put(&mut self, now: u64, from: ConnectionId, put: Put) -> Answers {
        let Some(mailbox) = self.open(now, from, put.mailbox) else {
            return vec![(from, Err(refusal(put.mailbox, put.slot, Rule::Quota)))];
        };
        match mailbox.slots.get(&put.slot) {
            Some(value) if *value != put.value => {
                return vec![(from, Err(refusal(put.mailbox, put.slot, Rule::Mailbox)))];
            }
            _ => {}
        }
        let done = Put {
            value: Vec::new(),
            ..put.clone()
        };
        let mut answers = vec![(from, Ok(done))];
        let at_this = |waits: &&(u8, ConnectionId)| waits.0 == put.slot;
        let waited: Vec<_> = mailbox.waiting.iter().filter(at_this).copied().collect();
        for waits in waited {
            mailbox.waiting.remove(&waits);
            answers.push((waits.1, Ok(put.clone())));
        }
        mailbox.slots.insert(put.slot, put.value);
        answers
    }

    /// Gives a value, or lets the connection wait for it.
    pub(super) fn take(&mut self, now: u64, from: ConnectionId, take: Take) -> Answers {
        let Take { mailbox: id, slot } = take;
        let Some(mailbox) = self.open(now, from, id) else {
            return vec![(from, Err(refusal(id, slot, Rule::Quota)))];
        };
        if let Some(value) = mailbox.slots.get(&slot).cloned() {
            let mailbox = id;
            return vec![(from, Ok(Put { mailbox, slot, value }))];
        }
        if mailbox.waiting.len() >= limits::MAILBOX_WAITING && !mailbox.waiting.contains(&(slot, from)) {
            return vec![(from, Err(refusal(id, slot, Rule::Quota)))];
        }
        mailbox.waiting.insert((slot, from));
        Vec::new()
    }

    /// Drops what is older than ten minutes; who still waits is told.
    pub(super) fn expire(&mut self, now: u64) -> Answers {
        let mut answers = Vec::new();
        self.0.retain(|id, mailbox| {
            let keep = now < mailbox.since.saturating_add(limits::MAILBOX_MS);
            if !keep {
                let told = |(slot, to): &(u8, ConnectionId)| (*to, Err(refusal(*id, *slot, Rule::Mailbox)));
                answers.extend(mailbox.waiting.iter().map(told));
            }
            keep
        });
        answers
    }

    /// A connection that is gone waits no more, and a mailbox goes with the last who waited where nothing was ever put. What
    /// was put stays known: a slot is not filled twice.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        self.0.retain(|_, mailbox| {
            mailbox.waiting.retain(|(_, waiting)| *waiting != id);
            mailbox.left |= mailbox.opened_by == id;
            !(mailbox.slots.is_empty() && mailbox.waiting.is_empty())
        });
    }

    /// The clock went back to `now`: no mailbox is from later.
    pub(super) fn set_back(&mut self, now: u64) {
        for mailbox in self.0.values_mut() {
            mailbox.since = mailbox.since.min(now);
        }
    }

    /// Who opens one more than they may leaves the oldest where they wait alone and nothing was put: so a device with many
    /// invitations waits at one after the other. Where all are taken, the oldest goes that was left by whoever opened it and
    /// that nobody waits at: who fills them all has to stay connected to each, and there is room for few who have not logged in.
    fn open(&mut self, now: u64, from: ConnectionId, id: MailboxId) -> Option<&mut Mailbox> {
        if !self.0.contains_key(&id) {
            let opened = self.0.iter().filter(|(_, mailbox)| mailbox.opened_by == from);
            if opened.clone().count() >= limits::MAILBOXES_OPENED {
                let alone = |mailbox: &Mailbox| mailbox.waiting.iter().all(|(_, who)| *who == from);
                let empty = opened.filter(|(_, mailbox)| mailbox.slots.is_empty() && alone(mailbox));
                let oldest = empty.min_by_key(|(id, mailbox)| (mailbox.since, **id));
                let oldest = oldest.map(|(id, _)| *id)?;
                self.0.remove(&oldest);
            }
            if self.0.len() >= limits::MAILBOXES {
                let left = self
                    .0
                    .iter()
                    .filter(|(_, mailbox)| mailbox.left && mailbox.waiting.is_empty());
                let oldest = left
                    .min_by_key(|(id, mailbox)| (mailbox.since, **id))
                    .map(|(id, _)| *id)?;
                self.0.remove(&oldest);
            }
        }
        Some(self.0.entry(id).or_insert_with(|| Mailbox {
            since: now,
            opened_by: from,
            left: false,
            slots: BTreeMap::new(),
            waiting: BTreeSet::new(),
        }))
    }
}

fn refusal(mailbox: MailboxId, slot: u8, rule: Rule) -> NoMail {
    NoMail {
        mailbox,
        slot,
        rule: rule.number(),
    }
}
