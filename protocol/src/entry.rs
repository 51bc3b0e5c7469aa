//! Entries: what the relay keeps of a statement, and the leaf that the tree commits to.

use minicbor::{Decode, Encode};

use crate::cbor;
use crate::ids::{Hash, PracticeId, VerifyingKey};
use crate::rule::Rule;
use crate::signature::{PublicKey, Signature};
use crate::statement::{PayloadRef, Statement};
use crate::{labels, limits};

/// A statement as it travels: exactly the bytes that were signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Signed {
    /// The statement's bytes, at most [`limits::STATEMENT`].
    #[cbor(n(0), with = "minicbor::bytes")]
    pub statement: Vec<u8>,
    /// The signer's signature over them.
    #[n(1)]
    pub signature: Signature,
}

/// What the tree commits to: never the payload.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Leaf {
    /// The relay's clock, in milliseconds since the Unix epoch; never decreases.
    #[n(0)]
    pub received: u64,
    /// The relay's gap-free count within the stream, from 0.
    #[n(1)]
    pub stream_seq: u64,
    /// The statement and its signature.
    #[n(2)]
    pub signed: Signed,
}

impl Leaf {
    /// The leaf's bytes, as the tree hashes them.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(self)
    }
}

/// A statement that was parsed strictly from the bytes that were signed. Its signature is not yet checked.
#[derive(Clone, Debug)]
pub struct Parsed {
    statement: Statement,
    hash: Hash,
    signed: Signed,
}

/// A statement whose signature holds: only [`Parsed::verify`] and [`Parsed::verify_by_successor`] make one.
#[derive(Clone, Debug)]
pub struct Verified(Parsed);

impl Parsed {
    /// Parses what arrived: within the limit (R3) and in the one valid encoding (R1).
    pub fn parse(signed: Signed) -> Result<Self, Rule> {
        if signed.statement.len() > limits::STATEMENT {
            return Err(Rule::TooLarge);
        }
        let statement: Statement = cbor::decode(&signed.statement)?;
        let hash = Hash::of(&[&signed.statement]);
        Ok(Self {
            statement,
            hash,
            signed,
        })
    }

    /// The statement.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// SHA-256 of the statement's bytes: its name in chains.
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The bytes that were signed, and the signature.
    pub const fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Checks that `payload` is the one that the statement names (R4).
    pub fn check_payload(&self, payload: &[u8]) -> Result<(), Rule> {
        if payload.len() > limits::PAYLOAD {
            return Err(Rule::TooLarge);
        }
        if PayloadRef::of(payload) == self.statement.payload {
            Ok(())
        } else {
            Err(Rule::PayloadMismatch)
        }
    }

    /// Checks the signature (R5) with the signer's key, for a practice.
    pub fn verify(self, key: &VerifyingKey, practice: &PracticeId) -> Result<Verified, Rule> {
        self.verify_with(&PublicKey::new(key)?, practice)
    }

    /// As [`Self::verify`], with a key that was made ready.
    pub fn verify_with(self, key: &PublicKey, practice: &PracticeId) -> Result<Verified, Rule> {
        self.signed
            .signature
            .verify_with(key, labels::STATEMENT, practice, &self.signed.statement)?;
        Ok(Verified(self))
    }

    /// Takes the word of a later, verified statement of the same signer that names this one's hash as the one before it:
    /// whoever signed the later one stands by these very bytes. Fails with R5 where it does not.
    pub fn verify_by_successor(self, later: &Verified) -> Result<Verified, Rule> {
        use crate::statement::Body::Change;
        match (&self.statement.body, &later.statement().body) {
            (Change(this), Change(next))
                if self.statement.signer == later.statement().signer
                    && this.document == next.document
                    && next.prev == Some(self.hash) =>
            {
                Ok(Verified(self))
            }
            _ => Err(Rule::BadSignature),
        }
    }
}

impl std::ops::Deref for Verified {
    type Target = Parsed;

    fn deref(&self) -> &Parsed {
        &self.0
    }
}

impl Verified {
    /// The parsed statement.
    pub fn into_parsed(self) -> Parsed {
        self.0
    }
}
