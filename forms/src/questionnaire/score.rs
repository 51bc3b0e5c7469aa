//! How a group is scored: the sum of its choices' ordinal values, and what ranges of it are called. The form says it, so a
//! practice can score a form of its own.

use crate::fault::{FormError, FormFault};
use crate::limits;
use crate::reader::Object;
use crate::text::Text;
use crate::value::Decimal;

use super::extensions::decimal;
use super::{Asks, Kind, Questionnaire};

/// A group's score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoring {
    /// Where bands and items come from: a citation.
    pub source: String,
    /// By ascending beginnings, the first at or below the least possible sum.
    pub bands: Vec<Band>,
}

/// A range of sums, up to where the next begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// The least sum in it.
    pub from: Decimal,
    /// What it is called.
    pub label: Text,
}

pub(super) fn read(extension: &Object<'_>) -> Result<Scoring, FormError> {
    let (mut source, mut bands) = (None, Vec::new());
    for (url, part) in extension.extensions(&["source", "band"])? {
        if url == "source" {
            source = Some(part.needed("valueString", limits::TEXT)?);
            continue;
        }
        let (mut from, mut label) = (None, None);
        for (url, part) in part.extensions(&["from", "label"])? {
            match &*url {
                "from" => from = Some(decimal(&part)?),
                _ => label = part.text("valueString")?,
            }
        }
        match (from, label) {
            (Some(from), Some(label)) => bands.push(Band { from, label }),
            _ => return Err(part.fault(FormFault::Missing)),
        }
    }
    let ascending = bands
        .windows(2)
        .all(|pair| matches!(pair, [one, two] if one.from < two.from));
    match source {
        None => Err(extension.fault(FormFault::Missing)),
        Some(_) if bands.is_empty() || bands.len() > limits::BANDS || !ascending => {
            Err(extension.fault(FormFault::Score))
        }
        Some(source) => Ok(Scoring { source, bands }),
    }
}

/// Every scored group asks choices alone, each with ordinal values, once, required and whatever was answered before; words may
/// stand between them. So a sum is always over all of them. It is exact: ordinals are whole, halves or
/// quarters, below a million.
pub(super) fn check(form: &Questionnaire, paths: &[String]) -> Result<(), FormError> {
    for (item, path) in form.items.iter().zip(paths) {
        let Kind::Group(Some(scoring)) = &item.kind else {
            continue;
        };
        let wrong = || FormError {
            path: path.clone(),
            item: Some(item.link_id.clone()),
            what: FormFault::Score,
        };
        let once = form.around(item).all(|around| around.repeats.is_none());
        let (mut least, mut asked) = (0.0, 0);
        for within in form.items.iter().filter(|within| form.is_within(within, item)) {
            match &within.kind {
                Kind::Display => continue,
                Kind::Question(question)
                    if within.enabled.is_none() && within.repeats.is_none() && within.required =>
                {
                    let Asks::Choice(choices) = &question.asks else {
                        return Err(wrong());
                    };
                    let ordinals: Vec<f64> = choices
                        .iter()
                        .filter_map(|choice| choice.ordinal.map(Decimal::get))
                        .filter(|ordinal| ordinal.abs() < 1e6 && (ordinal * 4.0).fract() == 0.0)
                        .collect();
                    if ordinals.len() != choices.len() {
                        return Err(wrong());
                    }
                    least += ordinals.iter().copied().fold(f64::INFINITY, f64::min);
                    asked += 1;
                }
                _ => return Err(wrong()),
            }
        }
        let covered = scoring.bands.first().is_some_and(|band| band.from.get() <= least);
        if !once || asked == 0 || !covered {
            return Err(wrong());
        }
    }
    Ok(())
}

impl Questionnaire {
    /// Whether an item stands in a group, at any depth.
    pub(crate) fn is_within(&self, item: &super::Item, group: &super::Item) -> bool {
        self.around(item)
            .skip(1)
            .any(|around| around.link_id == group.link_id)
    }
}
