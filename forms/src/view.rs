//! The rows of a sheet as JSON, for a page to draw. Every text in it is to be set as text, never as markup.

use serde::Serialize;
use serde_json::Value as Json;

use crate::checked::row_faults;
use crate::fault::{AnswerError, AnswerFault};
use crate::questionnaire::{Asks, Kind, Questionnaire, Unit};
use crate::response::Response;
use crate::sheet::{Row, Sheet};
use crate::value::Value;

/// A form with the answers so far.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View<'a> {
    /// What it is called.
    pub title: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
    /// Whose it is.
    pub copyright: Option<&'a str>,
    /// Its version: what is consented to, is consented to in this one.
    pub version: Option<&'a str>,
    /// The language that was asked for.
    pub language: &'a str,
    /// Every language that it has.
    pub languages: Vec<&'a str>,
    /// Its rows.
    pub rows: Vec<Drawn<'a>>,
    /// Answers that belong nowhere.
    pub astray: &'a [AnswerError],
    /// Whether it could be handed in.
    pub complete: bool,
    /// The link ids whose answers are a sign of danger: help is to be shown at once.
    pub crises: Vec<&'a str>,
}

/// One row.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drawn<'a> {
    /// Its place: what [`Response::set`] wants.
    pub path: &'a str,
    /// The item's name.
    pub link_id: &'a str,
    /// How many groups are around it.
    pub depth: usize,
    /// `group`, `display`, or FHIR's name for the kind of question.
    pub kind: &'static str,
    /// What stands before the text.
    pub prefix: Option<&'a str>,
    /// The text.
    pub text: Option<&'a str>,
    /// Why it is asked.
    pub purpose: Option<&'a str>,
    /// How long its answer is kept: how many, and `d`, `mo` or `a`.
    pub retention: Option<(u16, &'static str)>,
    /// Whether it is to be shown.
    pub enabled: bool,
    /// Whether it must be answered.
    pub required: bool,
    /// Whether it may be answered more than once.
    pub repeats: bool,
    /// The most answers.
    pub most: usize,
    /// Which repetition of a group it is, from 1, and of how many.
    pub repetition: (usize, usize),
    /// What is consented to by yes.
    pub consent: Option<&'a str>,
    /// The most characters.
    pub max_length: Option<usize>,
    /// The least and the most value, as text.
    pub bounds: (Option<String>, Option<String>),
    /// The options.
    pub options: Vec<Offered<'a>>,
    /// The answers, as FHIR writes them: `{"valueInteger": 3}`.
    pub values: Vec<Json>,
    /// What is wrong with them.
    pub faults: Vec<AnswerFault>,
}

/// An option.
#[derive(Debug, Serialize)]
pub struct Offered<'a> {
    /// The answer, as FHIR writes it.
    pub value: Json,
    /// What it says.
    pub text: &'a str,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// Draws a sheet in a language.
pub fn draw<'a>(sheet: &'a Sheet<'_>, language: &'a str) -> View<'a> {
    let form = sheet.form();
    let rows: Vec<Drawn<'a>> = sheet
        .rows()
        .iter()
        .map(|row| drawn(form, row, language))
        .collect();
    View {
        title: form.title().show(language),
        description: form.description().map(|text| text.show(language)),
        copyright: form.copyright().map(|text| text.show(language)),
        version: form.version(),
        language,
        languages: form.languages(),
        complete: sheet.astray().is_empty() && rows.iter().all(|row| row.faults.is_empty() || !row.enabled),
        rows,
        astray: sheet.astray(),
        crises: sheet.crises().into_iter().map(|item| &*item.link_id).collect(),
    }
}

fn drawn<'a>(form: &'a Questionnaire, row: &'a Row<'_>, language: &'a str) -> Drawn<'a> {
    let item = row.item();
    let mut drawn = Drawn {
        path: row.path(),
        link_id: &item.link_id,
        depth: row.depth(),
        kind: "group",
        prefix: item.prefix.as_ref().map(|text| text.show(language)),
        text: item.text.as_ref().map(|text| text.show(language)),
        purpose: form.purpose(item).map(|text| text.show(language)),
        retention: form.retention(item).map(|kept| (kept.count, kept.unit.code())),
        enabled: row.enabled(),
        required: item.required,
        repeats: item.repeats.is_some(),
        most: item.repeats.map_or(1, |occurs| occurs.most),
        repetition: row.repetition(),
        consent: None,
        max_length: None,
        bounds: (None, None),
        options: Vec::new(),
        values: row.values().iter().map(|value| value.named("value")).collect(),
        faults: row_faults(row).into_iter().map(|fault| fault.what).collect(),
    };
    match &item.kind {
        Kind::Group(_) => {}
        Kind::Display => drawn.kind = "display",
        Kind::Question(question) => {
            drawn.kind = question.asks.code();
            drawn.consent = question.consent.as_deref();
            let text = |value: Option<Value>| value.map(|value| value.to_string());
            match &question.asks {
                Asks::Integer(b) => {
                    drawn.bounds = (
                        text(b.least.map(Value::Integer)),
                        text(b.most.map(Value::Integer)),
                    )
                }
                Asks::Decimal(b) => {
                    drawn.bounds = (
                        text(b.least.map(Value::Decimal)),
                        text(b.most.map(Value::Decimal)),
                    )
                }
                Asks::Date(b) => {
                    drawn.bounds = (text(b.least.map(Value::Date)), text(b.most.map(Value::Date)))
                }
                Asks::Line(most) | Asks::Lines(most) | Asks::OpenChoice(_, most) => {
                    drawn.max_length = Some(*most)
                }
                _ => {}
            }
            let offered = question.asks.choices().iter().map(|choice| Offered {
                value: choice.value.named("value"),
                text: choice.text.show(language),
                chosen: row.values().contains(&choice.value),
            });
            drawn.options = offered.collect();
        }
    }
    drawn
}

impl Asks {
    /// FHIR's name for the kind.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Integer(_) => "integer",
            Self::Decimal(_) => "decimal",
            Self::Date(_) => "date",
            Self::Line(_) => "string",
            Self::Lines(_) => "text",
            Self::Choice(_) => "choice",
            Self::OpenChoice(..) => "open-choice",
        }
    }
}

impl Unit {
    /// UCUM's name for it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Days => "d",
            Self::Months => "mo",
            Self::Years => "a",
        }
    }
}

impl Response {
    /// The rows of these answers, as JSON for a page.
    ///
    /// # Errors
    /// None that an input can cause.
    pub fn view_json(&self, form: &Questionnaire, language: &str) -> Result<String, serde_json::Error> {
        serde_json::to_string(&draw(&Sheet::lay(form, self), language))
    }
}
