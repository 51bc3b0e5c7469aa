//! Consents that a client gives or withdraws. They follow from the form and from what was said, on whichever side works them
//! out; the client signs them apart from the answers, so that a practice that erased the answers can still show what was
//! consented to, in which words, in which language, and what was withdrawn.

use serde::{Deserialize, Serialize};
use troth_forms::questionnaire::Kind;
use troth_forms::{Checked, Questionnaire, Response};
use troth_protocol::cbor;
use troth_protocol::ids::{Hash, PracticeId, VerifyingKey};
use troth_protocol::labels;
use troth_protocol::rule::Rule;
use troth_protocol::signature::{Signature, message};
use troth_protocol::statement::SubmissionKind;

use super::Said;
use crate::crypto::{ClientKeys, IntakeContext};

/// One consent: given, refused or withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// What is consented to, by the form's own name for it.
    pub name: String,
    /// Whether it is given.
    pub given: bool,
    /// The words, in the language that was shown.
    #[serde(default)]
    pub text: String,
    /// SHA-256 of the words, in hexadecimal.
    #[serde(default)]
    pub text_sha256: String,
    /// That language.
    #[serde(default)]
    pub language: String,
    /// The form's address and version.
    #[serde(default)]
    pub version: String,
}

/// Where a client says something, and when by their clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which link of which document.
    pub context: IntakeContext,
    /// What kind it is of.
    pub kind: SubmissionKind,
    /// Its place in the link's chain.
    pub sequence: u64,
    /// When, by the client's clock, in milliseconds since the Unix epoch.
    pub at_ms: u64,
}

impl Consent {
    fn new(name: &str, given: bool, text: &str, language: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            given,
            text: text.to_owned(),
            text_sha256: Hash::of(&[text.as_bytes()]).to_string(),
            language: language.to_owned(),
            version: version.to_owned(),
        }
    }

    /// What follows from what was said about the consents that a form asks for: nothing from answers that do not hold
    /// against it, nor from a name that it does not know.
    pub fn of(form: &Questionnaire, said: &Said) -> Vec<Self> {
        match said {
            Said::Answers { response, .. } => {
                let Ok(response) = Response::parse(response) else {
                    return Vec::new();
                };
                let checked = Checked::check(form, response);
                checked.map_or_else(|_| Vec::new(), |checked| Self::of_checked(&checked))
            }
            Said::Withdraw { consents } => {
                let version = form.canonical().unwrap_or_default();
                let withdrawn = |name: &str| consents.is_empty() || consents.iter().any(|one| one == name);
                let asked = form.items().iter().filter_map(|item| match &item.kind {
                    Kind::Question(question) => Some((question.consent.as_deref()?, item.text.as_ref()?)),
                    _ => None,
                });
                asked
                    .filter(|(name, _)| withdrawn(name))
                    .map(|(name, text)| Self::new(name, false, &text.plain, form.language(), &version))
                    .collect()
            }
            Said::Copy | Said::Erase => Vec::new(),
        }
    }

    /// The same of answers that hold.
    pub fn of_checked(checked: &Checked<'_>) -> Vec<Self> {
        let consents = checked.consents().into_iter();
        consents
            .map(|c| Self::new(c.name, c.given, c.text, &c.language, &c.version))
            .collect()
    }

    /// Whether the words are those of the digest.
    fn is_whole(&self) -> bool {
        self.text_sha256 == Hash::of(&[self.text.as_bytes()]).to_string()
    }
}

/// `place (73) ‖ time (8) ‖ [[name, given, SHA-256 of the words, language, version], …]`.
fn signed(place: &Place, consents: &[Consent]) -> Vec<u8> {
    let lines: Vec<(&str, bool, Hash, &str, &str)> = consents
        .iter()
        .map(|c| {
            let text = Hash::of(&[c.text.as_bytes()]);
            (
                c.name.as_str(),
                c.given,
                text,
                c.language.as_str(),
                c.version.as_str(),
            )
        })
        .collect();
    let at = place.context.of_submission(place.kind as u8, place.sequence);
    [&at[..], &place.at_ms.to_be_bytes(), &cbor::encode(&lines)].concat()
}

/// A client's signature over consents; none where there are none.
pub(super) fn sign(keys: &ClientKeys, place: &Place, consents: &[Consent]) -> Option<Signature> {
    let practice: &PracticeId = &place.context.practice;
    let bytes = message(labels::CLIENT_CONSENT, practice, &signed(place, consents));
    (!consents.is_empty()).then(|| Signature::Ed25519(keys.signing.sign(&bytes)))
}

/// Whether a client signed these consents in this place.
///
/// # Errors
/// [`Rule::BadSignature`]; [`Rule::PayloadMismatch`] where the words are not those of their digest.
pub fn verify_consents(
    client: &VerifyingKey,
    place: &Place,
    consents: &[Consent],
    signature: &Signature,
) -> Result<(), Rule> {
    if !consents.iter().all(Consent::is_whole) {
        return Err(Rule::PayloadMismatch);
    }
    let bytes = signed(place, consents);
    signature.verify(client, labels::CLIENT_CONSENT, &place.context.practice, &bytes)
}
