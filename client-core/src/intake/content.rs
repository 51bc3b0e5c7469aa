//! What is sealed: what a link asks, what is said through it, and what the practice answers.

use std::fmt;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};
use troth_protocol::cbor;
use troth_protocol::ids::VerifyingKey;
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::{Signature, message};
use troth_protocol::statement::SubmissionKind;

use super::consents::{self, Consent, Place};
use crate::crypto::{ClientKeys, IntakeContext, SealingPublic};

/// What a link asks, sealed under its secret: the relay cannot tell which form it is, or who asks.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Asking {
    /// What answers are sealed to: an X-Wing key, 1,216 bytes.
    #[n(0)]
    pub recipient: ByteVec,
    /// The key that the relay signs its ledger with, for receipts.
    #[n(1)]
    pub ledger_key: VerifyingKey,
    /// The relay's origin, as the ledger names it.
    #[n(2)]
    pub origin: String,
    /// The practice, as it calls itself.
    #[n(3)]
    pub practice: String,
    /// Who asks.
    #[n(4)]
    pub asker: String,
    /// Who can read the answers, by name.
    #[n(5)]
    pub readers: Vec<String>,
    /// The form: a FHIR R4 Questionnaire, as JSON.
    #[n(6)]
    pub form: ByteVec,
}

/// What a client says.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub enum Said {
    /// Answers: a FHIR R4 `QuestionnaireResponse`, as JSON, with the consents given among them.
    #[n(0)]
    Answers {
        /// The response.
        #[n(0)]
        response: ByteVec,
        /// The language that the form was shown in.
        #[n(1)]
        language: String,
    },
    /// Consents are withdrawn: by the form's names for them; none for all of them.
    #[n(1)]
    Withdraw {
        /// Which.
        #[n(0)]
        consents: Vec<String>,
    },
    /// A copy is asked for.
    #[n(2)]
    Copy,
    /// Erasure is asked for.
    #[n(3)]
    Erase,
}

// What somebody answered is in no log and no error.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Said({:?}, ..)", self.kind())
    }
}

impl Said {
    /// The kind that the ledger tells.
    pub const fn kind(&self) -> SubmissionKind {
        match self {
            Self::Answers { .. } => SubmissionKind::Answers,
            Self::Withdraw { .. } => SubmissionKind::Withdraw,
            Self::Copy => SubmissionKind::Copy,
            Self::Erase => SubmissionKind::Erase,
        }
    }
}

/// What a client says, signed with the key that their PIN opens: it says so in its place in the link's chain, and in no other.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Spoken {
    /// The client's key.
    #[n(0)]
    pub client: VerifyingKey,
    /// What answers to them are sealed to: an X-Wing key, 1,216 bytes.
    #[n(1)]
    pub sealing: ByteVec,
    /// When, by their clock, in milliseconds since the Unix epoch.
    #[n(2)]
    pub at_ms: u64,
    /// What, encoded.
    #[n(3)]
    said: ByteVec,
    #[n(4)]
    signature: Signature,
    /// Over the consents that follow, by itself; none where there are none.
    #[n(5)]
    pub consents: Option<Signature>,
}

impl fmt::Debug for Spoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { client, at_ms, .. } = self;
        write!(f, "Spoken({client:?}, {at_ms}, ..)")
    }
}

impl Spoken {
    /// Says it. `consents` are what follows of them by the form.
    pub fn sign(
        keys: &ClientKeys,
        context: &IntakeContext,
        (sequence, at_ms): (u64, u64),
        said: &Said,
        consents: &[Consent],
    ) -> Self {
        let place = Place {
            context: *context,
            kind: said.kind(),
            sequence,
            at_ms,
        };
        let mut spoken = Self {
            client: keys.signing.verifying_key(),
            sealing: keys.sealing.public().to_bytes().to_vec().into(),
            at_ms,
            said: cbor::encode(said).into(),
            signature: Signature::Ed25519([0; 64]),
            consents: consents::sign(keys, &place, consents),
        };
        let signed = spoken.signed(context, said.kind(), sequence);
        let bytes = message(labels::INTAKE, &context.practice, &signed);
        spoken.signature = Signature::Ed25519(keys.signing.sign(&bytes));
        spoken
    }

    /// What was said, if the client signed it for this very place.
    ///
    /// # Errors
    /// [`Rule::BadSignature`]; [`Rule::Malformed`] for another kind than the ledger tells, or a key that is none.
    pub fn verify(
        &self,
        context: &IntakeContext,
        kind: SubmissionKind,
        sequence: u64,
    ) -> Result<(Said, SealingPublic), Rule> {
        let said: Said = cbor::decode(&self.said)?;
        let sealing = SealingPublic::from_bytes(&self.sealing).ok_or(Rule::Malformed)?;
        if said.kind() != kind {
            return Err(Rule::Malformed);
        }
        let signed = self.signed(context, kind, sequence);
        self.signature
            .verify(&self.client, labels::INTAKE, &context.practice, &signed)?;
        Ok((said, sealing))
    }

    /// Bytes for the sealing; [`Self::decode`] reads them.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads what was opened.
    ///
    /// # Errors
    /// [`Rule::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Rule> {
        cbor::decode(bytes)
    }

    /// `context ‖ kind (1) ‖ sequence (8) ‖ time (8) ‖ sealing key (1,216) ‖ what is said`.
    fn signed(&self, context: &IntakeContext, kind: SubmissionKind, sequence: u64) -> Vec<u8> {
        let place = context.of_submission(kind as u8, sequence);
        [&place[..], &self.at_ms.to_be_bytes(), &self.sealing, &self.said].concat()
    }
}

/// What the practice answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Answered {
    /// A copy of what was sent through the link: each with its time and, for answers, the response as JSON.
    #[n(0)]
    Copy(#[n(0)] Vec<Copied>),
    /// All of it was erased: the position of the ledger's statement that ordered it.
    #[n(1)]
    Erased(#[n(0)] u64),
    /// It was seen to.
    #[n(2)]
    Done,
}

/// One thing that was sent, as a copy gives it back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Copied {
    /// The relay's clock when it took it, in milliseconds since the Unix epoch.
    #[n(0)]
    pub received: u64,
    /// What was said.
    #[n(1)]
    pub said: Said,
}

/// What the relay keeps for a client behind their PIN: answers that are being given, and for a while those that were sent.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Draft {
    /// The response, as JSON.
    #[n(0)]
    pub response: ByteVec,
    /// Position of the submission, once it was sent.
    #[n(1)]
    pub sent: Option<u64>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft(sent: {:?}, ..)", self.sent)
    }
}

impl Draft {
    /// Bytes for the sealing.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }

    /// Reads what was opened.
    ///
    /// # Errors
    /// [`Rule::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Rule> {
        cbor::decode(bytes)
    }
}
