//! A completed response that holds against its form. Only [`Checked::check`] makes one, and what matters of answers (scores,
//! crisis flags, consents) can be had from nothing else.

use std::collections::BTreeSet;

use crate::fault::{AnswerError, AnswerFault};
use crate::questionnaire::{Crisis, Item, Kind, Occurs, Question, Questionnaire};
use crate::response::{Response, Status};
use crate::sheet::{Row, Sheet};
use crate::text::{self, Text};
use crate::value::{Decimal, Value};

/// Answers that hold.
#[derive(Debug)]
pub struct Checked<'q> {
    sheet: Sheet<'q>,
    response: Response,
}

/// A group's score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score<'q> {
    /// The group's link id.
    pub item: &'q str,
    /// What the group, or else the form, is called.
    pub title: &'q Text,
    /// The sum.
    pub value: Decimal,
    /// The least that it could be.
    pub least: Decimal,
    /// The most that it could be.
    pub most: Decimal,
    /// What a sum like this is called.
    pub band: &'q Text,
    /// Who says so.
    pub source: &'q str,
}

/// One consent, asked for on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent<'q> {
    /// What is consented to: `service`, `sensitive`, or what the practice calls it.
    pub name: &'q str,
    /// Whether it was given. Not answering is not giving it.
    pub given: bool,
    /// The words that were consented to, in the language that was shown.
    pub text: &'q str,
    /// That language.
    pub language: String,
    /// The form's address and version.
    pub version: String,
}

impl<'q> Checked<'q> {
    /// Holds answers against the form that they name.
    ///
    /// # Errors
    /// Every fault, in the form's order. Answers to items that are not enabled are faults too: a page takes them away
    /// ([`Response::complete`]), so whoever sends them did not use it.
    pub fn check(form: &'q Questionnaire, response: Response) -> Result<Self, Vec<AnswerError>> {
        let mut faults = Vec::new();
        let mut fault = |name: &str, what| {
            faults.push(AnswerError {
                path: name.to_owned(),
                what,
            })
        };
        if response.questionnaire != form.canonical() {
            fault("questionnaire", AnswerFault::OtherForm);
        }
        if response.status == Status::InProgress {
            fault("status", AnswerFault::NotCompleted);
        }
        let sheet = Sheet::lay(form, &response);
        faults.extend(sheet.astray().iter().cloned());
        for row in sheet.rows() {
            faults.extend(row_faults(row));
        }
        if faults.is_empty() {
            Ok(Self { sheet, response })
        } else {
            Err(faults)
        }
    }

    /// The rows.
    pub fn sheet(&self) -> &Sheet<'q> {
        &self.sheet
    }

    /// The answers, as they were given.
    pub fn response(&self) -> &Response {
        &self.response
    }

    /// The language that the form was shown in; the form's own, where the answers do not say.
    pub fn language(&self) -> &str {
        self.response
            .language
            .as_deref()
            .unwrap_or(self.sheet.form().language())
    }

    /// The score of every scored group that was enabled.
    pub fn scores(&self) -> Vec<Score<'q>> {
        let form = self.sheet.form();
        self.sheet
            .rows()
            .iter()
            .filter(|row| row.enabled())
            .filter_map(|row| self.score(form, row))
            .collect()
    }

    fn score(&self, form: &'q Questionnaire, row: &Row<'q>) -> Option<Score<'q>> {
        let item = row.item();
        let Kind::Group(Some(scoring)) = &item.kind else {
            return None;
        };
        let (mut value, mut least, mut most) = (0.0, 0.0, 0.0);
        for row in self
            .sheet
            .rows()
            .iter()
            .filter(|row| form.is_within(row.item(), item))
        {
            if let Kind::Question(question) = &row.item().kind {
                let ordinals = question
                    .asks
                    .choices()
                    .iter()
                    .filter_map(|choice| choice.ordinal.map(Decimal::get));
                least += ordinals.clone().fold(f64::INFINITY, f64::min);
                most += ordinals.fold(f64::NEG_INFINITY, f64::max);
                value += ordinal(question, row.values().first()?)?.get();
            }
        }
        let value = Decimal::new(value)?;
        let band = scoring.bands.iter().rev().find(|band| band.from <= value)?;
        Some(Score {
            item: &item.link_id,
            title: item.text.as_ref().unwrap_or(form.title()),
            value,
            least: Decimal::new(least)?,
            most: Decimal::new(most)?,
            band: &band.label,
            source: &scoring.source,
        })
    }

    /// The items whose answers are a sign of danger.
    pub fn crises(&self) -> Vec<&'q Item> {
        self.sheet.crises()
    }

    /// Every consent that the form asks for and was enabled, given or not.
    pub fn consents(&self) -> Vec<Consent<'q>> {
        let form = self.sheet.form();
        let mut all = Vec::new();
        for row in self.sheet.rows().iter().filter(|row| row.enabled()) {
            if let Kind::Question(question) = &row.item().kind
                && let (Some(name), Some(text)) = (&question.consent, &row.item().text)
            {
                all.push(Consent {
                    name,
                    given: row.values() == [Value::Boolean(true)],
                    text: text.show(self.language()),
                    language: self.language().to_owned(),
                    version: form.canonical().unwrap_or_default(),
                });
            }
        }
        all
    }
}

impl<'q> Sheet<'q> {
    /// The items whose answers are a sign of danger, while they are being given: a page shows help at once.
    pub fn crises(&self) -> Vec<&'q Item> {
        let danger = |row: &&Row<'q>| {
            let Kind::Question(question) = &row.item().kind else {
                return false;
            };
            row.enabled()
                && row.values().iter().any(|value| match question.crisis {
                    None => false,
                    Some(Crisis::Answer(answer)) => *value == Value::Boolean(answer),
                    Some(Crisis::Above(bound)) => {
                        ordinal(question, value).is_some_and(|ordinal| ordinal > bound)
                    }
                })
        };
        self.rows().iter().filter(danger).map(Row::item).collect()
    }
}

fn ordinal(question: &Question, value: &Value) -> Option<Decimal> {
    question
        .asks
        .choices()
        .iter()
        .find(|choice| choice.value == *value)?
        .ordinal
}

/// What is wrong with one row.
pub(crate) fn row_faults(row: &Row<'_>) -> Vec<AnswerError> {
    let item = row.item();
    let fault = |what| AnswerError {
        path: row.path().to_owned(),
        what,
    };
    if !row.enabled() {
        let there = !row.values().is_empty() || (item.repeats.is_some() && row.repetition().1 > 0);
        return if there {
            vec![fault(AnswerFault::Disabled)]
        } else {
            Vec::new()
        };
    }
    let mut faults = Vec::new();
    match &item.kind {
        Kind::Display => {}
        Kind::Group(_) => {
            // Told once: at the first repetition, or where there is none.
            if item.repeats.is_some() && row.repetition().0 <= 1 {
                faults.extend(often(item, row.repetition().1));
            }
        }
        Kind::Question(question) => {
            faults.extend(often(item, row.values().len()));
            let mut seen = BTreeSet::new();
            for value in row.values() {
                faults.extend(question.asks.take(value).err());
                if let Value::Text(text) = value
                    && text.chars().any(text::is_control)
                {
                    faults.push(AnswerFault::Control);
                }
                if !question.asks.choices().is_empty() && !seen.insert(value) {
                    faults.push(AnswerFault::Twice);
                }
            }
        }
    }
    faults.into_iter().map(fault).collect()
}

fn often(item: &Item, count: usize) -> Option<AnswerFault> {
    let Occurs { least, most } = item.repeats.unwrap_or(Occurs {
        least: usize::from(item.required),
        most: 1,
    });
    if count == 0 {
        return item.required.then_some(AnswerFault::Required);
    }
    if count > most {
        return Some(AnswerFault::TooMany(most));
    }
    (count < least).then_some(AnswerFault::TooFew(least))
}
