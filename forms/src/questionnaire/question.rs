//! What a question asks for.

use std::collections::BTreeSet;

use crate::fault::{AnswerFault, FormError, FormFault};
use crate::limits;
use crate::reader::Object;
use crate::text::Text;
use crate::value::{Coding, Value};

use super::extensions::{CONSENT, CRISIS, Found, MAX_VALUE, MIN_VALUE, ORDINAL, decimal};
use super::{Asks, Bounds, Choice, Crisis, Question};

pub(super) fn read(
    object: &Object<'_>,
    found: &Found<'_>,
    kind: &str,
    repeats: bool,
) -> Result<Question, FormError> {
    let long = || {
        Ok(object
            .count("maxLength", 1, limits::ANSWER)?
            .unwrap_or(limits::ANSWER))
    };
    let asks = match kind {
        "boolean" => Asks::Boolean,
        "integer" => Asks::Integer(found.bounds(|value| match value {
            Value::Integer(value) => Some(value),
            _ => None,
        })?),
        "decimal" => Asks::Decimal(found.bounds(|value| match value {
            Value::Decimal(value) => Some(value),
            _ => None,
        })?),
        "date" => Asks::Date(found.bounds(|value| match value {
            Value::Date(value) => Some(value),
            _ => None,
        })?),
        "string" => Asks::Line(long()?),
        "text" => Asks::Lines(long()?),
        "choice" => Asks::Choice(choices(object)?),
        "open-choice" => Asks::OpenChoice(choices(object)?, long()?),
        other => return Err(object.fault_at("type", FormFault::Unsupported(other.to_owned()))),
    };
    let worded = matches!(asks, Asks::Line(_) | Asks::Lines(_) | Asks::OpenChoice(..));
    let bounded = matches!(asks, Asks::Integer(_) | Asks::Decimal(_) | Asks::Date(_));
    if object.get("maxLength").is_some() && !worded {
        return Err(object.fault_at("maxLength", FormFault::Contradiction));
    }
    if object.get("answerOption").is_some() && asks.choices().is_empty() {
        return Err(object.fault_at(
            "answerOption",
            FormFault::Unsupported(format!("answerOption of {kind}")),
        ));
    }
    for url in [MIN_VALUE, MAX_VALUE] {
        if let Some(extension) = found.get(url)
            && !bounded
        {
            return Err(extension.fault(FormFault::Contradiction));
        }
    }
    let crisis = found.crisis()?;
    let graded = asks.choices().iter().all(|choice| choice.ordinal.is_some());
    let fits = match crisis {
        None => true,
        Some(Crisis::Answer(_)) => asks == Asks::Boolean,
        Some(Crisis::Above(_)) => matches!(asks, Asks::Choice(_)) && graded,
    };
    if let Some(extension) = found.get(CRISIS)
        && !fits
    {
        return Err(extension.fault(FormFault::Contradiction));
    }
    let initial = initial(object, &asks, repeats)?;
    let consent = found.consent()?;
    if let Some(extension) = found.get(CONSENT)
        && (asks != Asks::Boolean || !initial.is_empty() || repeats)
    {
        return Err(extension.fault(FormFault::Consent));
    }
    Ok(Question {
        asks,
        initial,
        crisis,
        consent,
    })
}

fn choices(object: &Object<'_>) -> Result<Vec<Choice>, FormError> {
    let mut choices = Vec::new();
    let mut seen = BTreeSet::new();
    for (json, path) in object.list("answerOption", limits::OPTIONS)? {
        let names = ["extension", "valueCoding", "valueString", "valueInteger"];
        let option = object.within(json, path, &names)?;
        let (value, text) = choice(&option)?;
        let found = Found::read(&option, &[ORDINAL])?;
        if !seen.insert(value.clone()) {
            return Err(option.fault(FormFault::OptionTwice));
        }
        choices.push(Choice {
            value,
            text,
            ordinal: found.get(ORDINAL).map(decimal).transpose()?,
        });
    }
    if choices.is_empty() {
        return Err(object.fault_at("answerOption", FormFault::Missing));
    }
    Ok(choices)
}

/// The one value of an option, and its text.
fn choice(option: &Object<'_>) -> Result<(Value, Text), FormError> {
    if option.beginning("value").count() != 1 {
        return Err(option.fault(FormFault::Expected(
            "one valueCoding, valueString or valueInteger",
        )));
    }
    if let Some(json) = option.get("valueCoding") {
        let coding = option.within(json, option.at("valueCoding"), &["system", "code", "display"])?;
        let value = Value::Coding(Coding {
            system: coding.string("system", limits::NAME)?,
            code: coding.needed("code", limits::NAME)?,
        });
        let text = coding
            .text("display")?
            .ok_or_else(|| coding.fault_at("display", FormFault::Missing))?;
        return Ok((value, text));
    }
    if let Some(text) = option.text("valueString")? {
        return Ok((Value::Text(text.plain.clone()), text));
    }
    let value = option
        .get("valueInteger")
        .and_then(|json| Value::read("Integer", json));
    let value =
        value.ok_or_else(|| option.fault_at("valueInteger", FormFault::Expected("a whole number")))?;
    let text = Text {
        plain: value.to_string(),
        ..Text::default()
    };
    Ok((value, text))
}

fn initial(object: &Object<'_>, asks: &Asks, repeats: bool) -> Result<Vec<Value>, FormError> {
    let mut values = Vec::new();
    let names = [
        "valueBoolean",
        "valueInteger",
        "valueDecimal",
        "valueDate",
        "valueString",
        "valueCoding",
    ];
    for (json, path) in object.list("initial", limits::MOST_REPEATS)? {
        let initial = object.within(json, path, &names)?;
        let mut found = initial.beginning("value");
        let value = match (found.next(), found.next()) {
            (Some((kind, json)), None) => Value::read(kind, json),
            _ => None,
        };
        match value.filter(|value| asks.take(value).is_ok()) {
            Some(value) => values.push(value),
            None => return Err(initial.fault(FormFault::Contradiction)),
        }
    }
    if values.len() > 1 && !repeats {
        return Err(object.fault_at("initial", FormFault::Contradiction));
    }
    Ok(values)
}

impl Asks {
    /// Whether this is an answer to it.
    ///
    /// # Errors
    /// Why not.
    pub fn take(&self, value: &Value) -> Result<(), AnswerFault> {
        match (self, value) {
            (Self::Boolean, Value::Boolean(_)) => Ok(()),
            (Self::Integer(bounds), Value::Integer(value)) => bounds.take(*value),
            (Self::Decimal(bounds), Value::Decimal(value)) => bounds.take(*value),
            (Self::Date(bounds), Value::Date(value)) => bounds.take(*value),
            (Self::Line(most) | Self::Lines(most), Value::Text(text)) => short(text, *most),
            (Self::Choice(choices), value) if !choices.iter().any(|choice| choice.value == *value) => {
                Err(AnswerFault::NoSuchOption)
            }
            (Self::Choice(_), _) => Ok(()),
            (Self::OpenChoice(choices, _), value) if choices.iter().any(|choice| choice.value == *value) => {
                Ok(())
            }
            (Self::OpenChoice(_, most), Value::Text(text)) => short(text, *most),
            (Self::OpenChoice(..), _) => Err(AnswerFault::NoSuchOption),
            _ => Err(AnswerFault::WrongKind),
        }
    }
}

impl<T: Ord + ToString> Bounds<T> {
    fn take(&self, value: T) -> Result<(), AnswerFault> {
        match (&self.least, &self.most) {
            (Some(least), _) if value < *least => Err(AnswerFault::TooSmall(least.to_string())),
            (_, Some(most)) if value > *most => Err(AnswerFault::TooLarge(most.to_string())),
            _ => Ok(()),
        }
    }
}

fn short(text: &str, most: usize) -> Result<(), AnswerFault> {
    if text.chars().count() > most {
        return Err(AnswerFault::TooLong(most));
    }
    Ok(())
}
