//! What a ledger lost when its relay was restored, and takes back.

use troth_protocol::entry::Parsed;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{Body, Statement};
use troth_protocol::wire::Receipt;

use super::{Outcome, Pending, Practice, ReceiptOr};
use crate::store::{Store, StoreError};

/// An entry that comes back to a ledger that lost it. Its form and its payload are checked.
#[derive(Clone, Debug)]
pub struct Again {
    /// The relay's clock when it first took it, by whoever brings it.
    pub received: u64,
    /// The statement; its signature is yet to be checked, with a key that may come back with it.
    pub parsed: Parsed,
    /// Its payload, where there is one and it is not gone.
    pub payload: Option<Vec<u8>>,
}

impl Practice {
    /// Takes back what the ledger lost, all or none: what is here already keeps its place, the rest comes to the end, with the
    /// times that it had as far as the ledger's clock allows. `may_lack` says of whose entries the payload may be gone.
    pub fn sequence_again(
        &mut self,
        store: &dyn Store,
        pending: &mut Pending,
        now: u64,
        entries: Vec<Again>,
        may_lack: impl Fn(&Self, &Statement) -> bool,
    ) -> Result<Outcome, StoreError> {
        let savepoint = self.state.savepoint(entries.iter().map(|e| e.parsed.statement()));
        let (fresh, erased) = (pending.fresh.len(), pending.erased.len());
        let mut receipts = Vec::with_capacity(entries.len());
        for (again, index) in entries.into_iter().zip(0..) {
            if let Some(known) = self.known(store, pending, &again.parsed.hash())? {
                receipts.push(known);
                continue;
            }
            let head = self.head_of(again.parsed.statement());
            match self.take_again(pending, now, again, &may_lack) {
                Ok(receipt) => receipts.push(ReceiptOr::New(receipt)),
                Err(rule) => {
                    self.state.restore(savepoint);
                    pending.fresh.truncate(fresh);
                    pending.rows.truncate(fresh);
                    pending.erased.truncate(erased);
                    return Ok(Err((index, rule, head)));
                }
            }
        }
        Ok(Ok(receipts))
    }

    fn take_again(
        &mut self,
        pending: &mut Pending,
        now: u64,
        again: Again,
        may_lack: &impl Fn(&Self, &Statement) -> bool,
    ) -> Result<Receipt, Rule> {
        let Again {
            received,
            parsed,
            payload,
        } = again;
        let statement = parsed.statement();
        if matches!(statement.body, Body::Genesis(_) | Body::Notice(_)) {
            return Err(Rule::NotAppendable);
        }
        // What was said of a tree that is gone holds for none.
        if statement.resumes().is_some() {
            return Err(Rule::Resumption);
        }
        if payload.is_none() && statement.payload.is_some() && !may_lack(self, statement) {
            return Err(Rule::PayloadMismatch);
        }
        let position = self.tree.size() + pending.fresh.len() as u64;
        self.may_report(position, statement)?;
        let key = self.state.signing_key(statement)?;
        let verified = parsed.verify(&key, self.id())?;
        let received = received.clamp(self.state.received, now.max(self.state.received));
        self.grant(pending, received, &verified, payload)
    }
}
