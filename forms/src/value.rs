//! Single values: what one answer, one option or one bound is.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Number, Value as Json, json};

use crate::{limits, text};

/// A day of the Gregorian calendar, from year 1 to 9999. FHIR's dates without a day are not supported: a page's date field
/// gives whole ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Reads `YYYY-MM-DD`; nothing if there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, long: usize| {
            (part.len() == long && part.bytes().all(|b| b.is_ascii_digit()))
                .then(|| part.parse::<u16>().ok())
                .flatten()
        };
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        let (month, short) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        (parts.next().is_none() && year >= 1 && (1..=days).contains(&day)).then_some(Self {
            year,
            month,
            day: short,
        })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A finite decimal of at most 15 significant digits, which a binary64 holds exactly enough to be written as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Decimal(f64);

impl Decimal {
    /// Nothing if it is not finite or needs more than 15 digits.
    pub fn new(value: f64) -> Option<Self> {
        let value = if value == 0.0 { 0.0 } else { value };
        let written = format!("{value}");
        let digits = written.bytes().filter(u8::is_ascii_digit).count();
        (value.is_finite() && digits <= 15).then_some(Self(value))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    fn json(self) -> Json {
        Number::from_f64(self.0).map_or(Json::Null, Json::Number)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Decimal {}
impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A coded value. What is shown is always the form's own wording of it, never the response's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coding {
    /// Whose code it is: an address, or nothing.
    pub system: Option<String>,
    /// The code.
    pub code: String,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Yes or no.
    Boolean(bool),
    /// A whole number.
    Integer(i32),
    /// Any number.
    Decimal(Decimal),
    /// A day.
    Date(Date),
    /// Words, at most [`limits::ANSWER`] characters.
    Text(String),
    /// One of coded options.
    Coding(Coding),
}

impl Value {
    /// Reads what stands under `name` after its prefix (`value`, `answer`): `valueInteger`, say. Nothing if that is none
    /// of the supported kinds, or not such a value.
    pub fn read(kind: &str, json: &Json) -> Option<Self> {
        Some(match kind {
            "Boolean" => Self::Boolean(json.as_bool()?),
            "Integer" => Self::Integer(i32::try_from(json.as_i64()?).ok()?),
            "Decimal" => Self::Decimal(Decimal::new(json.as_f64()?)?),
            "Date" => Self::Date(Date::parse(json.as_str()?)?),
            "String" => Self::Text(words(json.as_str()?, limits::ANSWER)?),
            "Coding" => {
                let map = json.as_object()?;
                if map
                    .keys()
                    .any(|name| !matches!(&**name, "system" | "code" | "display"))
                {
                    return None;
                }
                if let Some(display) = map.get("display") {
                    words(display.as_str()?, limits::TEXT)?;
                }
                let system = match map.get("system") {
                    Some(system) => Some(words(system.as_str()?, limits::NAME)?),
                    None => None,
                };
                let code = words(map.get("code")?.as_str()?, limits::NAME)?;
                Self::Coding(Coding { system, code })
            }
            _ => return None,
        })
    }

    /// Reads one entry of a FHIR list of answers: `{"valueInteger": 3}`. Nothing if it is none of the supported kinds.
    pub fn parse(json: &Json) -> Option<Self> {
        let mut entries = json.as_object()?.iter();
        match (entries.next(), entries.next()) {
            (Some((name, json)), None) => Self::read(name.strip_prefix("value")?, json),
            _ => None,
        }
    }

    /// The kind's name in FHIR, as it stands after `value` or `answer`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Boolean(_) => "Boolean",
            Self::Integer(_) => "Integer",
            Self::Decimal(_) => "Decimal",
            Self::Date(_) => "Date",
            Self::Text(_) => "String",
            Self::Coding(_) => "Coding",
        }
    }

    /// As JSON, without its name.
    pub fn json(&self) -> Json {
        match self {
            Self::Boolean(value) => json!(value),
            Self::Integer(value) => json!(value),
            Self::Decimal(value) => value.json(),
            Self::Date(value) => json!(value.to_string()),
            Self::Text(value) => json!(value),
            Self::Coding(Coding {
                system: Some(system),
                code,
            }) => json!({ "system": system, "code": code }),
            Self::Coding(Coding { system: None, code }) => json!({ "code": code }),
        }
    }

    /// As one entry of a FHIR list of values: `{"valueInteger": 3}`.
    pub fn named(&self, prefix: &str) -> Json {
        json!({ format!("{prefix}{}", self.kind()): self.json() })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Decimal(value) => value.fmt(f),
            Self::Date(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
            Self::Coding(value) => value.code.fmt(f),
        }
    }
}

/// Words that are not empty, not too long, and hold no control characters.
fn words(text: &str, most: usize) -> Option<String> {
    let fine = !text.is_empty()
        && text.chars().take(most + 1).count() <= most
        && !text.chars().any(text::is_control);
    fine.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        for day in ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(Date::parse(day).unwrap().to_string(), day);
        }
        let no_days = [
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-1-1",
            "2024-01",
            "0000-01-01",
            "2024-01-01-01",
            "+024-01-01",
            "２０２４-01-01",
        ];
        for no_day in no_days {
            assert_eq!(Date::parse(no_day), None, "{no_day}");
        }
    }

    #[test]
    fn a_decimal_is_written_as_it_was_read() {
        for text in ["51.5", "0", "-0.001", "123456789012345", "99999.9999999999"] {
            let json: Json = serde_json::from_str(text).unwrap();
            assert_eq!(Decimal::new(json.as_f64().unwrap()).unwrap().to_string(), text);
        }
        assert_eq!(Decimal::new(f64::NAN), None);
        assert_eq!(Decimal::new(f64::INFINITY), None);
        assert_eq!(Decimal::new(0.123_456_789_012_345_6), None);
        assert_eq!(Decimal::new(1e15), None);
        assert_eq!(Decimal::new(-0.0), Decimal::new(0.0));
    }
}
