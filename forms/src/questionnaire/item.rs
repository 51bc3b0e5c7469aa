//! Items, one by one. What concerns several of them (conditions, scores, consents) is checked when all are read.

use serde_json::Value as Json;

use crate::fault::{FormError, FormFault};
use crate::limits;
use crate::reader::Object;
use crate::text::Text;

use super::extensions::{
    CONSENT, CRISIS, Found, MAX_OCCURS, MAX_VALUE, MIN_OCCURS, MIN_VALUE, PURPOSE, RETENTION, SCORE,
};
use super::read::{Index, codes};
use super::{Asks, Item, Kind, question, score};

const FIELDS: &[&str] = &[
    "id",
    "linkId",
    "prefix",
    "text",
    "type",
    "code",
    "enableWhen",
    "enableBehavior",
    "required",
    "repeats",
    "readOnly",
    "maxLength",
    "answerOption",
    "initial",
    "item",
    "extension",
];
const EXTENSIONS: &[&str] = &[
    PURPOSE, RETENTION, CRISIS, CONSENT, SCORE, MIN_VALUE, MAX_VALUE, MIN_OCCURS, MAX_OCCURS,
];

/// The items read so far.
#[derive(Default)]
pub(super) struct Items<'a> {
    pub all: Vec<Item>,
    pub paths: Vec<String>,
    pub index: Index,
    /// Items with conditions, which may name questions that come later.
    pub waiting: Vec<(usize, Object<'a>)>,
}

impl<'a> Items<'a> {
    /// The items within an object.
    pub fn read(
        &mut self,
        within: &Object<'a>,
        parent: Option<usize>,
        depth: usize,
    ) -> Result<(), FormError> {
        if depth >= limits::DEPTH && within.get("item").is_some() {
            return Err(within.fault_at("item", FormFault::TooMuch(limits::DEPTH)));
        }
        for (json, path) in within.list("item", limits::ITEMS)? {
            self.one(json, path, parent, depth)?;
        }
        Ok(())
    }

    fn one(
        &mut self,
        json: &'a Json,
        path: String,
        parent: Option<usize>,
        depth: usize,
    ) -> Result<(), FormError> {
        let mut object = Object::read(json, path, None, FIELDS)?;
        let link_id = object.needed("linkId", limits::LINK_ID)?;
        object.item = Some(link_id.clone());
        if self.all.len() >= limits::ITEMS {
            return Err(object.fault(FormFault::TooMuch(limits::ITEMS)));
        }
        let index = self.all.len();
        if self.index.insert(link_id.clone(), index).is_some() {
            return Err(object.fault_at("linkId", FormFault::LinkIdTwice));
        }
        if object.flag("readOnly")? {
            return Err(object.fault_at("readOnly", FormFault::Unsupported("readOnly".to_owned())));
        }
        let found = Found::read(&object, EXTENSIONS)?;
        let (required, repeats) = (object.flag("required")?, object.flag("repeats")?);
        let kind = kind(&object, &found, repeats)?;
        let text = object.text("text")?;
        if text.is_none() && !matches!(kind, Kind::Group(_)) {
            return Err(object.fault_at("text", FormFault::Missing));
        }
        if kind == Kind::Display && (required || repeats) {
            return Err(object.fault(FormFault::Contradiction));
        }
        let purpose = match found.get(PURPOSE) {
            None => None,
            Some(extension) => Some(
                extension
                    .text("valueString")?
                    .ok_or_else(|| extension.fault_at("valueString", FormFault::Missing))?,
            ),
        };
        let group = matches!(kind, Kind::Group(_));
        self.paths.push(object.path.clone());
        self.all.push(Item {
            link_id,
            parent,
            depth,
            prefix: object.text("prefix")?,
            text,
            code: codes(&object)?,
            kind,
            enabled: None,
            required,
            repeats: found.occurs(repeats, required)?,
            purpose,
            retention: found.retention()?,
        });
        if group {
            self.read(&object, Some(index), depth + 1)?;
        } else if object.get("item").is_some() {
            return Err(object.fault_at(
                "item",
                FormFault::Unsupported("items within a question".to_owned()),
            ));
        }
        if object.get("enableWhen").is_some() || object.get("enableBehavior").is_some() {
            self.waiting.push((index, object));
        }
        Ok(())
    }
}

fn kind(object: &Object<'_>, found: &Found<'_>, repeats: bool) -> Result<Kind, FormError> {
    let kind = match &*object.needed("type", limits::NAME)? {
        "group" => Kind::Group(found.get(SCORE).map(score::read).transpose()?),
        "display" => Kind::Display,
        other => Kind::Question(question::read(object, found, other, repeats)?),
    };
    if matches!(kind, Kind::Question(_)) {
        return match found.get(SCORE) {
            Some(extension) => Err(extension.fault(FormFault::Score)),
            None => Ok(kind),
        };
    }
    for name in ["answerOption", "initial", "maxLength"] {
        if object.get(name).is_some() {
            return Err(object.fault_at(name, FormFault::Contradiction));
        }
    }
    for url in [MIN_VALUE, MAX_VALUE, CRISIS, CONSENT] {
        if let Some(extension) = found.get(url) {
            return Err(extension.fault(FormFault::Contradiction));
        }
    }
    match found.get(SCORE) {
        Some(extension) if kind == Kind::Display || repeats => Err(extension.fault(FormFault::Score)),
        _ => Ok(kind),
    }
}

impl Item {
    /// Every text of it.
    pub(crate) fn texts(&self) -> Vec<&Text> {
        let mut texts: Vec<&Text> = [&self.text, &self.purpose].into_iter().flatten().collect();
        match &self.kind {
            Kind::Group(Some(scoring)) => texts.extend(scoring.bands.iter().map(|band| &band.label)),
            Kind::Question(question) => {
                texts.extend(question.asks.choices().iter().map(|choice| &choice.text))
            }
            _ => {}
        }
        texts
    }
}

impl Asks {
    /// The options, of a choice.
    pub fn choices(&self) -> &[super::Choice] {
        match self {
            Self::Choice(choices) | Self::OpenChoice(choices, _) => choices,
            _ => &[],
        }
    }
}
