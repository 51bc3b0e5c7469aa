//! What is wrong with a form, or with answers to it. Each names its place and has a code that never changes.

use serde::Serialize;

/// Why a form is refused. The blame is its author's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormError {
    /// Where in the JSON, as FHIR writes paths: `Questionnaire.item[2].item[0].type`.
    pub path: String,
    /// The link id of the item that holds the place, where one was read before the fault.
    pub item: Option<String>,
    /// What is wrong there.
    pub what: FormFault,
}

/// What can be wrong with a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormFault {
    /// The bytes are not JSON, or an object in it says a name twice; what the reader found.
    Json(String),
    /// More than this many bytes, characters, entries or levels.
    TooMuch(usize),
    /// Something that must be there is not.
    Missing,
    /// A value of another kind than this was expected.
    Expected(&'static str),
    /// FHIR has it, or an author invented it; it is not supported here. What it is called.
    Unsupported(String),
    /// Characters that have no place in text (U+0000 to U+001F but tab and line ends, U+007F).
    Control,
    /// Another item has the same link id.
    LinkIdTwice,
    /// Another option of this question is the same.
    OptionTwice,
    /// The condition names a question that is not in the form (or is no question).
    NoSuchQuestion(String),
    /// The condition names a question of a repeating group that the item is not in: it would not be known which repetition.
    OtherRepetition(String),
    /// Whether the item is enabled depends, in the end, on the item itself.
    Circle(String),
    /// The least is more than the most, or an initial value is not one that the question takes.
    Contradiction,
    /// A score needs what is not there: choices with ordinal values, each asked once and always, and ascending bands.
    Score,
    /// A consent that is given before anybody gave it, repeats, or stands in a form without a version.
    Consent,
}

impl FormFault {
    /// The code, for scripts and pages.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::TooMuch(_) => "too-much",
            Self::Missing => "missing",
            Self::Expected(_) => "expected",
            Self::Unsupported(_) => "unsupported",
            Self::Control => "control-character",
            Self::LinkIdTwice => "link-id-twice",
            Self::OptionTwice => "option-twice",
            Self::NoSuchQuestion(_) => "no-such-question",
            Self::OtherRepetition(_) => "other-repetition",
            Self::Circle(_) => "circle",
            Self::Contradiction => "contradiction",
            Self::Score => "score",
            Self::Consent => "consent",
        }
    }
}

/// What an author should look at again. The form works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The link id of the item, or nothing for the form as a whole.
    pub item: Option<String>,
    /// What it is.
    pub kind: WarningKind,
}

/// What a form can be warned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarningKind {
    /// A question states no purpose, nor does a group around it: what is asked for nothing is better not asked (GDPR 5(1)(c),
    /// PIPL 6).
    NoPurpose,
    /// A text lacks a language that other texts of the form have.
    NotTranslated,
    /// The form calls itself a draft, or retired.
    NotActive,
    /// An answer raises a crisis flag, and nothing in the form is shown because of it.
    NoHelp,
}

/// Why a response is not believed: one fault of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerError {
    /// Where: link ids from the outermost group, with the number of the repetition where a group repeats (`child[2]/name`);
    /// or the place in the JSON where it is no QuestionnaireResponse.
    pub path: String,
    /// What is wrong there.
    #[serde(flatten)]
    pub what: AnswerFault,
}

/// What can be wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "code", content = "value", rename_all = "kebab-case")]
pub enum AnswerFault {
    /// The bytes are no QuestionnaireResponse of the supported kind; what was expected.
    Malformed(String),
    /// It answers another form, or another version of it.
    OtherForm,
    /// It is not completed.
    NotCompleted,
    /// The form has no such item there.
    Unknown,
    /// The item was not to be answered, by the answers before it.
    Disabled,
    /// An answer is required.
    Required,
    /// Fewer answers than this.
    TooFew(usize),
    /// More answers than this.
    TooMany(usize),
    /// The value is not of the kind that was asked for.
    WrongKind,
    /// It is none of the options.
    NoSuchOption,
    /// The same option twice.
    Twice,
    /// More characters than this.
    TooLong(usize),
    /// Less than this.
    TooSmall(String),
    /// More than this.
    TooLarge(String),
    /// Characters that have no place in text.
    Control,
}
