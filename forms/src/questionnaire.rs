//! A form: what was accepted of a FHIR R4 Questionnaire. There is no other way to make one than [`Questionnaire::parse`],
//! so whatever holds one may rely on every rule that `docs/forms.md` lists.
//!
//! The supported part may grow: a field or an extension that is refused today may be given its meaning later, and forms that
//! were accepted stay accepted, with the same meaning.

use std::collections::BTreeMap;

use crate::text::Text;
use crate::value::{Coding, Date, Decimal, Value};

mod conditions;
mod extensions;
mod item;
mod question;
mod read;
mod score;
mod write;

pub use extensions::{CONSENT, CRISIS, PURPOSE, RETENTION, SCORE};
pub use score::{Band, Scoring};

/// A form that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Questionnaire {
    pub(crate) id: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) status: String,
    pub(crate) language: String,
    pub(crate) title: Text,
    pub(crate) description: Option<Text>,
    pub(crate) purpose: Option<Text>,
    pub(crate) copyright: Option<Text>,
    pub(crate) code: Vec<Code>,
    /// Every item, each before those within it.
    pub(crate) items: Vec<Item>,
    /// The index of each link id.
    pub(crate) index: BTreeMap<String, usize>,
}

/// A code of a terminology, carried along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Which code it is.
    pub coding: Coding,
    /// What its terminology calls it.
    pub display: Option<String>,
}

/// One item of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name, which no other item of the form has: 1 to 128 characters.
    pub link_id: String,
    /// The group around it.
    pub parent: Option<usize>,
    /// How many groups are around it.
    pub depth: usize,
    /// What stands before the text, such as its number.
    pub prefix: Option<Text>,
    /// What it says or asks. A group may be without.
    pub text: Option<Text>,
    /// What its terminology calls it.
    pub code: Vec<Code>,
    /// What kind it is.
    pub kind: Kind,
    /// When it is enabled; always, where nothing is said.
    pub enabled: Option<Enable>,
    /// Whether it has to be answered where it is enabled.
    pub required: bool,
    /// How often it may be answered, if more than once.
    pub repeats: Option<Occurs>,
    /// Why it is asked: its own word.
    pub purpose: Option<Text>,
    /// How long its answer is kept: its own word.
    pub retention: Option<Retention>,
}

/// What kind an item is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Items together, with a score over them or without.
    Group(Option<Scoring>),
    /// Words.
    Display,
    /// A question.
    Question(Question),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it asks for.
    pub asks: Asks,
    /// What stands there before anybody answered.
    pub initial: Vec<Value>,
    /// When its answer is a sign of danger.
    pub crisis: Option<Crisis>,
    /// What is consented to by answering yes: a name such as `service` or `sensitive`.
    pub consent: Option<String>,
}

/// What a question asks for, and within which bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asks {
    /// Yes or no.
    Boolean,
    /// A whole number.
    Integer(Bounds<i32>),
    /// Any number.
    Decimal(Bounds<Decimal>),
    /// A day.
    Date(Bounds<Date>),
    /// A line, of at most so many characters.
    Line(usize),
    /// Lines, of at most so many characters.
    Lines(usize),
    /// One of these.
    Choice(Vec<Choice>),
    /// One of these, or other words of at most so many characters.
    OpenChoice(Vec<Choice>, usize),
}

/// From the least to the most, both allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds<T> {
    /// The least.
    pub least: Option<T>,
    /// The most.
    pub most: Option<T>,
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The answer that choosing it gives: words, a whole number or a code.
    pub value: Value,
    /// What it says.
    pub text: Text,
    /// What it counts in a score (FHIR's ordinalValue).
    pub ordinal: Option<Decimal>,
}

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurs {
    /// At least, where it is required; else at least this often or not at all.
    pub least: usize,
    /// At most.
    pub most: usize,
}

/// When an item is enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enable {
    /// Whether every condition has to hold, or one is enough.
    pub all: bool,
    /// One to sixteen.
    pub conditions: Vec<Condition>,
}

/// One condition. It holds if any of the question's answers is so (FHIR R4); a question that is not enabled has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The question's index.
    pub question: usize,
    /// How its answer is compared.
    pub operator: Operator,
    /// With what.
    pub value: Value,
}

/// How an answer is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// There is an answer, or there is none.
    Exists,
    /// It is this.
    Is,
    /// It is something else. No answer is not something else.
    IsNot,
    /// More than this.
    More,
    /// Less than this.
    Less,
    /// At least this.
    AtLeast,
    /// At most this.
    AtMost,
}

/// When an answer is a sign of danger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crisis {
    /// A choice that counts more than this.
    Above(Decimal),
    /// Yes, or no.
    Answer(bool),
}

/// How long an answer is kept, from the end of the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How many; not zero.
    pub count: u16,
    /// Of what.
    pub unit: Unit,
}

/// UCUM's day, month and year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// `d`
    Days,
    /// `mo`
    Months,
    /// `a`
    Years,
}

impl Questionnaire {
    /// Its items, each before those within it.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item of this name.
    pub fn item(&self, link_id: &str) -> Option<&Item> {
        self.items.get(*self.index.get(link_id)?)
    }

    /// What it is called.
    pub fn title(&self) -> &Text {
        &self.title
    }

    /// What it is for, in its author's words.
    pub fn description(&self) -> Option<&Text> {
        self.description.as_ref()
    }

    /// Whose it is, and on which terms.
    pub fn copyright(&self) -> Option<&Text> {
        self.copyright.as_ref()
    }

    /// The language of its own texts (BCP 47).
    pub fn language(&self) -> &str {
        &self.language
    }

    /// Its version: always there where it asks for a consent.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Every language that a text of it is in, its own first.
    pub fn languages(&self) -> Vec<&str> {
        let mut all = vec![&*self.language];
        for tag in self.texts().flat_map(|(_, text)| text.translations.keys()) {
            if !all.contains(&&**tag) {
                all.push(tag);
            }
        }
        all
    }

    /// What a response names it by: its address and, after a bar, its version. Nothing if it has no address.
    pub fn canonical(&self) -> Option<String> {
        let url = self.url.as_ref()?;
        Some(match &self.version {
            Some(version) => format!("{url}|{version}"),
            None => url.clone(),
        })
    }

    /// Why an item is asked: its own word, or that of the nearest group around it.
    pub fn purpose<'a>(&'a self, item: &'a Item) -> Option<&'a Text> {
        self.around(item).find_map(|item| item.purpose.as_ref())
    }

    /// How long its answer is kept: its own word, or that of the nearest group around it.
    pub fn retention(&self, item: &Item) -> Option<Retention> {
        self.around(item).find_map(|item| item.retention)
    }

    /// What its consents are called, each once.
    pub fn consent_names(&self) -> Vec<&str> {
        let mut all = Vec::new();
        for item in &self.items {
            if let Kind::Question(question) = &item.kind
                && let Some(name) = question.consent.as_deref()
                && !all.contains(&name)
            {
                all.push(name);
            }
        }
        all
    }

    /// An item and the groups around it, outwards.
    pub(crate) fn around<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = &'a Item> {
        std::iter::successors(Some(item), |item| self.items.get(item.parent?))
    }
}
