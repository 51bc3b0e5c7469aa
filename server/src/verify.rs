//! What is checked of a message before it reaches the core, in parallel on the connections' own threads: its form, its
//! payloads and its signatures.

use std::sync::Arc;

use troth_protocol::entry::{Parsed, Signed, Verified};
use troth_protocol::ids::{DeviceId, InviteId, PracticeId};
use troth_protocol::limits;
use troth_protocol::rule::Rule;
use troth_protocol::state::{sealed_keys, verify_genesis};
use troth_protocol::statement::{Body, InvitePayload};
use troth_protocol::wire::{
    self, Ahead, ClientMessage, Fetch, Follow, Hello, KeepDraft, Lost, Put, Restore, Submit, Take, Unlock,
    Upload,
};

pub use crate::directory::{Directory, Signers};
use crate::practice::Again;

/// A statement whose form, payload and signature hold.
#[derive(Clone, Debug)]
pub struct CheckedUpload {
    /// The statement.
    pub statement: Verified,
    /// Its payload; empty where there is none.
    pub payload: Vec<u8>,
}

/// A message whose form and signatures hold.
#[derive(Clone, Debug)]
pub enum Checked {
    /// See [`ClientMessage::Hello`].
    Hello(Hello),
    /// See [`ClientMessage::Session`].
    Session(Box<Verified>),
    /// See [`ClientMessage::Append`].
    Append(u64, Vec<CheckedUpload>),
    /// See [`ClientMessage::Follow`].
    Follow(Follow),
    /// See [`ClientMessage::Fetch`].
    Fetch(Fetch),
    /// See [`ClientMessage::Found`].
    Found(Box<CheckedUpload>),
    /// See [`ClientMessage::Info`].
    Info,
    /// See [`ClientMessage::Locate`].
    Locate(DeviceId),
    /// See [`ClientMessage::Put`].
    Put(Put),
    /// See [`ClientMessage::Take`].
    Take(Take),
    /// See [`ClientMessage::Link`].
    Link(InviteId),
    /// See [`ClientMessage::Submit`]: the request, the practice, the submission and its payload. Its signature is checked by
    /// the core, which knows the link's key.
    Submit(u64, PracticeId, Box<Parsed>, Vec<u8>),
    /// See [`ClientMessage::Unlock`].
    Unlock(Unlock),
    /// See [`ClientMessage::KeepDraft`].
    KeepDraft(KeepDraft),
    /// See [`ClientMessage::Ahead`]. Its signature is checked by the core, which knows its own key.
    Ahead(Ahead),
    /// See [`ClientMessage::Restore`]. Signatures are checked by the core, which knows the keys that come back with them.
    Restore(u64, Vec<Again>),
    /// See [`ClientMessage::Restored`].
    Restored,
}

/// Why a message went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection has no business going on: it is closed with this rule.
    Connection(Rule),
    /// A statement of a request is refused: the request, which statement, why.
    Statement(u64, u32, Rule),
}

impl From<Rule> for Fault {
    fn from(rule: Rule) -> Self {
        Self::Connection(rule)
    }
}

/// Checks one frame of a connection that said hello for `practice`.
pub fn check(frame: &[u8], practice: Option<&PracticeId>, directory: &Directory) -> Result<Checked, Fault> {
    checked_message(wire::message(frame)?, practice, directory)
}

/// The same for a connection that has not logged in: what it may not send costs no signature's check (R51), and what is
/// longer than a stranger has reason to send goes no further (R3).
pub fn check_stranger(
    frame: &[u8],
    practice: Option<&PracticeId>,
    directory: &Directory,
) -> Result<Checked, Fault> {
    if frame.len() > limits::GUEST_FRAME {
        return Err(Rule::TooLarge.into());
    }
    match wire::message(frame)? {
        ClientMessage::Append(_)
        | ClientMessage::Follow(_)
        | ClientMessage::Fetch(_)
        | ClientMessage::Restore(_)
        | ClientMessage::Restored => Err(Rule::OutOfOrder.into()),
        message => checked_message(message, practice, directory),
    }
}

fn checked_message(
    message: ClientMessage,
    practice: Option<&PracticeId>,
    directory: &Directory,
) -> Result<Checked, Fault> {
    Ok(match message {
        ClientMessage::Hello(hello) => Checked::Hello(hello),
        ClientMessage::Session(signed) => {
            let signers = signers(practice, directory)?;
            Checked::Session(Box::new(signature(Parsed::parse(signed)?, &signers)?))
        }
        ClientMessage::Append(append) => {
            let signers = signers(practice, directory)?;
            if append.uploads.is_empty() || append.uploads.len() > limits::APPEND_STATEMENTS {
                return Err(Fault::Statement(append.request, 0, Rule::TooLarge));
            }
            let uploads = append.uploads.into_iter().zip(0..).map(|(upload, index)| {
                checked(upload, &signers).map_err(|rule| Fault::Statement(append.request, index, rule))
            });
            Checked::Append(append.request, uploads.collect::<Result<_, _>>()?)
        }
        ClientMessage::Follow(follow) => Checked::Follow(follow),
        ClientMessage::Fetch(fetch) if fetch.documents.len() > limits::FETCH_DOCUMENTS => {
            return Err(Fault::Statement(fetch.request, 0, Rule::TooLarge));
        }
        ClientMessage::Fetch(fetch) => Checked::Fetch(fetch),
        ClientMessage::Found(found) => {
            let Upload { signed, payload } = found.genesis;
            let refuse = |rule| Fault::Statement(0, 0, rule);
            let statement = parsed(signed, &payload).map_err(refuse)?;
            Checked::Found(Box::new(CheckedUpload {
                statement: verify_genesis(statement).map_err(refuse)?,
                payload,
            }))
        }
        ClientMessage::Info => Checked::Info,
        ClientMessage::Locate(device) => Checked::Locate(device),
        ClientMessage::Put(put)
            if put.value.len() > limits::MAILBOX_VALUE || put.slot >= limits::MAILBOX_SLOTS =>
        {
            return Err(Rule::TooLarge.into());
        }
        ClientMessage::Put(put) => Checked::Put(put),
        ClientMessage::Take(take) => Checked::Take(take),
        ClientMessage::Link(invite) => Checked::Link(invite),
        ClientMessage::Submit(Submit {
            request,
            practice,
            upload: Upload { signed, payload },
        }) => {
            let refuse = |rule| Fault::Statement(request, 0, rule);
            let submission = parsed(signed, &payload).map_err(refuse)?;
            if !matches!(submission.statement().body, Body::Submission(_)) {
                return Err(refuse(Rule::NotAppendable));
            }
            Checked::Submit(request, practice, Box::new(submission), payload)
        }
        ClientMessage::Unlock(unlock) => Checked::Unlock(unlock),
        ClientMessage::KeepDraft(keep)
            if keep
                .draft
                .as_ref()
                .is_some_and(|draft| draft.len() > limits::DRAFT) =>
        {
            return Err(Rule::TooLarge.into());
        }
        ClientMessage::KeepDraft(keep) => Checked::KeepDraft(keep),
        ClientMessage::Ahead(ahead) => Checked::Ahead(ahead),
        ClientMessage::Restore(Restore { request, entries }) => {
            if entries.is_empty() || entries.len() > limits::APPEND_STATEMENTS {
                return Err(Fault::Statement(request, 0, Rule::TooLarge));
            }
            let entries = entries.into_iter().zip(0..);
            let again = entries
                .map(|(lost, index)| again(lost).map_err(|rule| Fault::Statement(request, index, rule)));
            Checked::Restore(request, again.collect::<Result<_, _>>()?)
        }
        ClientMessage::Restored => Checked::Restored,
    })
}

fn signers(practice: Option<&PracticeId>, directory: &Directory) -> Result<Arc<Signers>, Rule> {
    directory
        .signers(practice.ok_or(Rule::OutOfOrder)?)
        .ok_or(Rule::UnknownPractice)
}

fn checked(upload: Upload, signers: &Signers) -> Result<CheckedUpload, Rule> {
    let statement = parsed(upload.signed, &upload.payload)?;
    if matches!(
        statement.statement().body,
        Body::Session(_) | Body::Notice(_) | Body::Genesis(_) | Body::Submission(_)
    ) {
        return Err(Rule::NotAppendable);
    }
    Ok(CheckedUpload {
        statement: signature(statement, signers)?,
        payload: upload.payload,
    })
}

/// An entry that a ledger lost. Where its payload is gone, its statement alone is looked at.
fn again(lost: Lost) -> Result<Again, Rule> {
    let payload = lost.payload.map(Vec::from);
    let parsed = match &payload {
        Some(payload) => parsed(lost.signed, payload)?,
        None => Parsed::parse(lost.signed)?,
    };
    Ok(Again {
        received: lost.received,
        payload: payload.filter(|_| parsed.statement().payload.is_some()),
        parsed,
    })
}

/// R1, R3, R4: the statement's form, its payload, and as many sealed keys in it as the statement lists; an invite's two
/// halves.
fn parsed(signed: Signed, payload: &[u8]) -> Result<Parsed, Rule> {
    let parsed = Parsed::parse(signed)?;
    parsed.check_payload(payload)?;
    if !parsed.statement().sealings().is_empty() {
        sealed_keys(parsed.statement(), payload)?;
    }
    if matches!(parsed.statement().body, Body::Invite(_)) {
        let payload: InvitePayload = troth_protocol::cbor::decode(payload)?;
        if payload.form.len() > limits::LINK_FORM {
            return Err(Rule::TooLarge);
        }
    }
    Ok(parsed)
}

fn signature(parsed: Parsed, signers: &Signers) -> Result<Verified, Rule> {
    let key = signers.key(&parsed.statement().signer)?;
    parsed.verify_with(key, signers.practice())
}
