//! What a ledger's statements amount to: the one pure transition that relay and clients run alike.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::document::Document;
use crate::entry::{Parsed, Verified};
use crate::ids::{DeviceId, DocumentId, Hash, PracticeId, VerifyingKey};
use crate::keys::SealedKeys;
use crate::roster::Roster;
use crate::rule::Rule;
use crate::statement::{Body, CloseInvite, Invite, Reply, Statement, Submission};
use crate::stream::Stream;
use crate::{cbor, limits};

/// A practice as its ledger tells it, or as much of it as a reader was shown.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct State {
    /// The practice chain.
    #[n(0)]
    pub roster: Roster,
    /// The documents, each with its control chain and authors.
    #[n(1)]
    pub documents: BTreeMap<DocumentId, Document>,
    /// Entries seen of each stream.
    #[n(2)]
    pub counts: BTreeMap<Stream, u64>,
    /// The relay's clock at the last login of each device that was written into the ledger.
    #[n(3)]
    pub logins: BTreeMap<DeviceId, u64>,
    /// The relay's clock at the newest entry, in milliseconds since the Unix epoch.
    #[n(4)]
    pub received: u64,
}

/// See [`State::savepoint`].
#[derive(Clone, Debug, Default)]
pub struct Savepoint {
    roster: Option<Box<Roster>>,
    /// Logins come with others only where a ledger gets back what it lost.
    logins: Option<BTreeMap<DeviceId, u64>>,
    documents: BTreeMap<DocumentId, Option<Document>>,
    counts: BTreeMap<Stream, Option<u64>>,
    received: u64,
}

/// Parses genesis from the bytes that arrived and checks its signature, which stands under the zero practice id. It is the
/// only statement that brings its own key.
pub fn verify_genesis(parsed: Parsed) -> Result<Verified, Rule> {
    let Body::Genesis(genesis) = &parsed.statement().body else {
        return Err(Rule::Genesis);
    };
    let key = genesis.device.signing;
    if genesis.device.algorithm != crate::keys::ED25519 {
        return Err(Rule::Version);
    }
    parsed.verify(&key, &PracticeId::ZERO)
}

impl State {
    /// The state that genesis founds.
    pub fn found(received: u64, genesis: &Verified) -> Result<Self, Rule> {
        let Body::Genesis(body) = &genesis.statement().body else {
            return Err(Rule::Genesis);
        };
        check_form(genesis.statement())?;
        Ok(Self {
            roster: Roster::found(genesis, body)?,
            documents: BTreeMap::new(),
            counts: BTreeMap::from([(Stream::Roster, 1)]),
            logins: BTreeMap::new(),
            received,
        })
    }

    /// The practice.
    pub const fn practice(&self) -> &PracticeId {
        self.roster.practice()
    }

    /// Entries of a stream so far: the next one's `stream_seq`.
    pub fn count(&self, stream: &Stream) -> u64 {
        self.counts.get(stream).copied().unwrap_or(0)
    }

    /// The key that checks a statement's signature: its signer's, if the practice ever had such a device.
    pub fn signing_key(&self, statement: &Statement) -> Result<VerifyingKey, Rule> {
        match &statement.body {
            Body::Genesis(_) => Err(Rule::Genesis),
            Body::Submission(submission) => {
                let document = self.documents.get(&submission.document);
                let link = document
                    .and_then(|d| d.link(&submission.invite))
                    .ok_or(Rule::Link)?;
                Ok(link.key)
            }
            Body::Notice(_) => Ok(self.roster.ledger_key()),
            _ => self
                .roster
                .devices()
                .get(&statement.signer)
                .map(|d| d.keys.signing)
                .ok_or(Rule::UnknownDevice),
        }
    }

    /// Takes one statement at a position, or refuses it and stays exactly as it was.
    pub fn apply(&mut self, position: u64, received: u64, statement: &Verified) -> Result<(), Rule> {
        if received < self.received {
            return Err(Rule::ClockBack);
        }
        check_form(statement.statement())?;
        self.check_seen(statement, position)?;
        match &statement.statement().body {
            Body::Genesis(_) => return Err(Rule::Genesis),
            Body::Roster(_) => self.roster = self.roster.apply(position, received, statement)?,
            Body::Change(change) => {
                let document = self
                    .documents
                    .get_mut(&change.document)
                    .ok_or(Rule::NoSuchDocument)?;
                document.edit(&self.roster, position, received, statement, change)?;
            }
            Body::Snapshot(snapshot) => {
                let document = self.documents.get_mut(&snapshot.document);
                let document = document.ok_or(Rule::NoSuchDocument)?;
                document.snapshot(&self.roster, position, received, statement, snapshot)?;
            }
            Body::Attest(attest) => {
                let document = self.documents.get_mut(&attest.document);
                let document = document.ok_or(Rule::NoSuchDocument)?;
                document.attest(&self.roster, position, received, statement, attest)?;
            }
            Body::Document(d) => self.control(d.document, position, received, statement)?,
            Body::Erasure(e) => self.control(e.document, position, received, statement)?,
            Body::Session(_) => {
                self.roster.active(&statement.statement().signer, position)?;
                self.logins.insert(statement.statement().signer, received);
            }
            // Who oversees a device's log need not see the document: the entry stands whatever becomes of that.
            Body::Access(_) => {
                self.roster.active(&statement.statement().signer, position)?;
            }
            Body::Notice(_) => {
                let relay = DeviceId(Hash::of(&[self.roster.ledger_key().as_bytes()]).0);
                if statement.statement().signer != relay {
                    return Err(Rule::UnknownDevice);
                }
            }
            Body::Invite(Invite { document, .. })
            | Body::CloseInvite(CloseInvite { document, .. })
            | Body::Submission(Submission { document, .. })
            | Body::Reply(Reply { document, .. }) => {
                let document = self.documents.get_mut(document).ok_or(Rule::NoSuchDocument)?;
                document.intake(&self.roster, position, received, statement)?;
            }
        }
        self.received = received;
        *self.counts.entry(statement.statement().stream()).or_insert(0) += 1;
        Ok(())
    }

    /// What the statements of one request may change, so that all of it can be put back if one of them is refused.
    pub fn savepoint<'a>(&self, statements: impl Iterator<Item = &'a Statement>) -> Savepoint {
        let mut kept = Savepoint {
            received: self.received,
            ..Savepoint::default()
        };
        for statement in statements {
            let stream = statement.stream();
            kept.counts
                .entry(stream)
                .or_insert_with(|| self.counts.get(&stream).copied());
            if kept.logins.is_none() && matches!(statement.body, Body::Session(_)) {
                kept.logins = Some(self.logins.clone());
            }
            match stream {
                Stream::Roster if kept.roster.is_none() => kept.roster = Some(Box::new(self.roster.clone())),
                Stream::Document(id) => {
                    kept.documents
                        .entry(id)
                        .or_insert_with(|| self.documents.get(&id).cloned());
                }
                _ => {}
            }
        }
        kept
    }

    /// Goes back to a savepoint.
    pub fn restore(&mut self, savepoint: Savepoint) {
        self.received = savepoint.received;
        if let Some(roster) = savepoint.roster {
            self.roster = *roster;
        }
        if let Some(logins) = savepoint.logins {
            self.logins = logins;
        }
        for (id, document) in savepoint.documents {
            match document {
                Some(document) => self.documents.insert(id, document),
                None => self.documents.remove(&id),
            };
        }
        for (stream, count) in savepoint.counts {
            match count {
                Some(count) => self.counts.insert(stream, count),
                None => self.counts.remove(&stream),
            };
        }
    }

    fn control(
        &mut self,
        id: DocumentId,
        position: u64,
        received: u64,
        statement: &Verified,
    ) -> Result<(), Rule> {
        let next = Document::applied(
            self.documents.get(&id),
            &self.roster,
            position,
            received,
            statement,
        )?;
        self.documents.insert(id, next);
        Ok(())
    }

    /// R7, R14: a device's statement names a roster head of this ledger; the relay's own names none. Only what concerns
    /// a document's chain names a head of that: the document's own rules look at it.
    fn check_seen(&self, statement: &Verified, position: u64) -> Result<(), Rule> {
        let seen = statement.statement().seen;
        let of_document = match &statement.statement().body {
            Body::Genesis(_) => return Ok(()),
            Body::Notice(_) | Body::Submission(_) => return seen.is_none().then_some(()).ok_or(Rule::Seen),
            Body::Roster(_) | Body::Session(_) | Body::Access(_) => false,
            _ => true,
        };
        let seen = seen.ok_or(Rule::Seen)?;
        if seen.control.is_some() && !of_document {
            return Err(Rule::Seen);
        }
        if self.roster.knows_head(&seen.roster, position) {
            Ok(())
        } else {
            Err(Rule::UnknownHead)
        }
    }
}

/// R8: a payload stands where one is needed and nowhere else, and nothing exceeds its limit (R3).
fn check_form(statement: &Statement) -> Result<(), Rule> {
    let needs = match &statement.body {
        Body::Genesis(_)
        | Body::Change(_)
        | Body::Snapshot(_)
        | Body::Invite(_)
        | Body::Submission(_)
        | Body::Reply(_) => true,
        Body::Roster(_) | Body::Document(_) => !statement.sealings().is_empty(),
        Body::Attest(_)
        | Body::Session(_)
        | Body::Access(_)
        | Body::Erasure(_)
        | Body::Notice(_)
        | Body::CloseInvite(_) => false,
    };
    if needs != statement.payload.is_some() {
        return Err(Rule::PayloadKind);
    }
    if statement
        .payload
        .is_some_and(|p| p.length as usize > limits::PAYLOAD)
    {
        return Err(Rule::TooLarge);
    }
    Ok(())
}

/// The ciphertexts of a payload of sealed keys: as many as its statement lists (R24).
pub fn sealed_keys(statement: &Statement, payload: &[u8]) -> Result<SealedKeys, Rule> {
    let keys: SealedKeys = cbor::decode(payload)?;
    if keys.0.len() == statement.sealings().len() {
        Ok(keys)
    } else {
        Err(Rule::Sealings)
    }
}
