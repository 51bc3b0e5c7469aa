//! The extensions that have a meaning here: FHIR's own where there is one, and five of Troth's.

use crate::fault::{FormError, FormFault};
use crate::limits;
use crate::reader::Object;
use crate::value::{Decimal, Value};

use super::{Bounds, Crisis, Occurs, Retention, Unit};

/// Why an item is asked: `valueString`, with translations.
pub const PURPOSE: &str = "urn:troth:form:purpose";
/// How long its answer is kept after the case ended: `valueDuration` in UCUM's `d`, `mo` or `a`.
pub const RETENTION: &str = "urn:troth:form:retention";
/// The answer that is a sign of danger: `valueDecimal`, above which an option counts; or `valueBoolean`.
pub const CRISIS: &str = "urn:troth:form:crisis";
/// What is consented to: `valueCode`, a name such as `service` or `sensitive`.
pub const CONSENT: &str = "urn:troth:form:consent";
/// How the choices of a group are scored: `source`, and `band`s of `from` and `label`.
pub const SCORE: &str = "urn:troth:form:score";

pub const ORDINAL: &str = "http://hl7.org/fhir/StructureDefinition/ordinalValue";
pub const MIN_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/minValue";
pub const MAX_VALUE: &str = "http://hl7.org/fhir/StructureDefinition/maxValue";
pub const MIN_OCCURS: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-minOccurs";
pub const MAX_OCCURS: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-maxOccurs";
/// The system that UCUM's units are named by.
pub const UCUM: &str = "http://unitsofmeasure.org";

/// The extensions of one item, each at most once.
pub struct Found<'a>(Vec<(String, Object<'a>)>);

impl<'a> Found<'a> {
    pub fn read(object: &Object<'a>, known: &[&str]) -> Result<Self, FormError> {
        let all = object.extensions(known)?;
        for (index, (url, extension)) in all.iter().enumerate() {
            if all.iter().take(index).any(|(before, _)| before == url) {
                return Err(extension.fault(FormFault::Contradiction));
            }
        }
        Ok(Self(all))
    }

    pub fn get(&self, url: &str) -> Option<&Object<'a>> {
        self.0
            .iter()
            .find(|(name, _)| name == url)
            .map(|(_, found)| found)
    }

    /// `minValue` and `maxValue`, both of the question's own kind.
    pub fn bounds<T: Ord>(&self, of: impl Fn(Value) -> Option<T>) -> Result<Bounds<T>, FormError> {
        let bound = |url| {
            let Some(extension) = self.get(url) else {
                return Ok(None);
            };
            let mut values = extension.beginning("value");
            match (values.next(), values.next()) {
                (Some((kind, json)), None) => {
                    Value::read(kind, json).and_then(&of).map(Some).ok_or_else(|| {
                        extension.fault(FormFault::Expected("a bound of the question's own kind"))
                    })
                }
                _ => Err(extension.fault(FormFault::Missing)),
            }
        };
        let bounds = Bounds {
            least: bound(MIN_VALUE)?,
            most: bound(MAX_VALUE)?,
        };
        match (&bounds.least, &bounds.most, self.get(MAX_VALUE)) {
            (Some(least), Some(most), Some(extension)) if least > most => {
                Err(extension.fault(FormFault::Contradiction))
            }
            _ => Ok(bounds),
        }
    }

    /// How often the item may be answered, if it repeats.
    pub fn occurs(&self, repeats: bool, required: bool) -> Result<Option<Occurs>, FormError> {
        let count = |url, least| {
            let Some(extension) = self.get(url) else {
                return Ok(None);
            };
            if !repeats {
                return Err(extension.fault(FormFault::Contradiction));
            }
            let count = extension.count("valueInteger", least, limits::MOST_REPEATS)?;
            count.map(Some).ok_or_else(|| extension.fault(FormFault::Missing))
        };
        let (least, most) = (count(MIN_OCCURS, 0)?, count(MAX_OCCURS, 1)?);
        let occurs = Occurs {
            least: least.unwrap_or(0).max(usize::from(required)),
            most: most.unwrap_or(limits::REPEATS.max(least.unwrap_or(0))),
        };
        match self.get(MIN_OCCURS) {
            Some(extension) if occurs.least > occurs.most => Err(extension.fault(FormFault::Contradiction)),
            _ => Ok(repeats.then_some(occurs)),
        }
    }

    pub fn retention(&self) -> Result<Option<Retention>, FormError> {
        let Some(extension) = self.get(RETENTION) else {
            return Ok(None);
        };
        let json = extension
            .get("valueDuration")
            .ok_or_else(|| extension.fault_at("valueDuration", FormFault::Missing))?;
        let names = ["value", "unit", "system", "code"];
        let duration = extension.within(json, extension.at("valueDuration"), &names)?;
        let count = duration.count("value", 1, usize::from(u16::MAX))?;
        let unit = match &*duration.needed("code", 8)? {
            "d" => Unit::Days,
            "mo" => Unit::Months,
            "a" => Unit::Years,
            _ => return Err(duration.fault_at("code", FormFault::Expected("d, mo or a"))),
        };
        if duration.needed("system", limits::NAME)? != UCUM {
            return Err(duration.fault_at("system", FormFault::Expected(UCUM)));
        }
        match count.and_then(|count| u16::try_from(count).ok()) {
            Some(count) => Ok(Some(Retention { count, unit })),
            None => Err(duration.fault_at("value", FormFault::Missing)),
        }
    }

    pub fn crisis(&self) -> Result<Option<Crisis>, FormError> {
        let Some(extension) = self.get(CRISIS) else {
            return Ok(None);
        };
        if extension.get("valueBoolean").is_some() {
            return Ok(Some(Crisis::Answer(extension.flag("valueBoolean")?)));
        }
        decimal(extension).map(Crisis::Above).map(Some)
    }

    /// A consent's name: small letters, digits and hyphens.
    pub fn consent(&self) -> Result<Option<String>, FormError> {
        let Some(extension) = self.get(CONSENT) else {
            return Ok(None);
        };
        let name = extension.needed("valueCode", 64)?;
        if name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            Ok(Some(name))
        } else {
            Err(extension.fault_at(
                "valueCode",
                FormFault::Expected("small letters, digits and hyphens"),
            ))
        }
    }
}

/// An extension's `valueDecimal`.
pub fn decimal(extension: &Object<'_>) -> Result<Decimal, FormError> {
    let json = extension
        .get("valueDecimal")
        .ok_or_else(|| extension.fault_at("valueDecimal", FormFault::Missing))?;
    json.as_f64().and_then(Decimal::new).ok_or_else(|| {
        extension.fault_at(
            "valueDecimal",
            FormFault::Expected("a number of at most 15 digits"),
        )
    })
}
