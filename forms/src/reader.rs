//! Reading one JSON object of a form: every name in it is known, and every fault has its path.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::fault::{FormError, FormFault};
use crate::limits;
use crate::text::{self, Text};

/// FHIR's translation extension, on any text.
pub const TRANSLATION: &str = "http://hl7.org/fhir/StructureDefinition/translation";

/// What can be translated, and so may have a second field: its name after `_`.
const TEXTS: &[&str] = &[
    "title",
    "description",
    "purpose",
    "copyright",
    "text",
    "prefix",
    "display",
    "valueString",
];

/// An object of which all names are among those expected.
pub struct Object<'a> {
    fields: &'a Map<String, Json>,
    /// Where it is.
    pub path: String,
    /// The link id of the item around it.
    pub item: Option<String>,
}

impl<'a> Object<'a> {
    /// An object at `path`; every name in it is one of `names`, or `_` and one of them that
    /// can be translated.
    pub fn read(
        json: &'a Json,
        path: String,
        item: Option<String>,
        names: &[&str],
    ) -> Result<Self, FormError> {
        let Some(fields) = json.as_object() else {
            return Err(FormError {
                path,
                item,
                what: FormFault::Expected("an object"),
            });
        };
        let object = Self { fields, path, item };
        for name in fields.keys() {
            let about = name.strip_prefix('_').filter(|name| TEXTS.contains(name));
            if !names.contains(&about.unwrap_or(name)) {
                let short: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
                return Err(object.fault(FormFault::Unsupported(short)));
            }
        }
        Ok(object)
    }

    /// A fault of the object itself.
    pub fn fault(&self, what: FormFault) -> FormError {
        FormError {
            path: self.path.clone(),
            item: self.item.clone(),
            what,
        }
    }

    /// A fault of what stands under a name.
    pub fn fault_at(&self, name: &str, what: FormFault) -> FormError {
        FormError {
            path: self.at(name),
            item: self.item.clone(),
            what,
        }
    }

    /// The path of what stands under a name.
    pub fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    /// What stands under a name, if anything.
    pub fn get(&self, name: &str) -> Option<&'a Json> {
        self.fields.get(name)
    }

    /// The names that begin so, with the rest of each name: `answerInteger` is `Integer`.
    pub fn beginning<'n>(&'n self, prefix: &'n str) -> impl Iterator<Item = (&'a str, &'a Json)> + 'n {
        self.fields
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }

    /// A text of at most so many characters.
    pub fn string(&self, name: &str, most: usize) -> Result<Option<String>, FormError> {
        let Some(json) = self.get(name) else {
            return Ok(None);
        };
        let Some(string) = json.as_str() else {
            return Err(self.fault_at(name, FormFault::Expected("text")));
        };
        if string.is_empty() {
            return Err(self.fault_at(name, FormFault::Missing));
        }
        if string.chars().count() > most {
            return Err(self.fault_at(name, FormFault::TooMuch(most)));
        }
        if string.chars().any(text::is_control) {
            return Err(self.fault_at(name, FormFault::Control));
        }
        Ok(Some(string.to_owned()))
    }

    /// The same, which must be there.
    pub fn needed(&self, name: &str, most: usize) -> Result<String, FormError> {
        self.string(name, most)?
            .ok_or_else(|| self.fault_at(name, FormFault::Missing))
    }

    /// Yes or no; no where nothing is said.
    pub fn flag(&self, name: &str) -> Result<bool, FormError> {
        match self.get(name) {
            None => Ok(false),
            Some(json) => json
                .as_bool()
                .ok_or_else(|| self.fault_at(name, FormFault::Expected("true or false"))),
        }
    }

    /// A count from `least` to `most`.
    pub fn count(&self, name: &str, least: usize, most: usize) -> Result<Option<usize>, FormError> {
        let Some(json) = self.get(name) else {
            return Ok(None);
        };
        let number = json.as_u64().and_then(|number| usize::try_from(number).ok());
        match number {
            Some(number) if number > most => Err(self.fault_at(name, FormFault::TooMuch(most))),
            Some(number) if number >= least => Ok(Some(number)),
            _ => Err(self.fault_at(name, FormFault::Expected("a count"))),
        }
    }

    /// A list's entries with their paths; none where nothing is said. FHIR has no empty lists.
    pub fn list(&self, name: &str, most: usize) -> Result<Vec<(&'a Json, String)>, FormError> {
        let Some(json) = self.get(name) else {
            return Ok(Vec::new());
        };
        let Some(list) = json.as_array().filter(|list| !list.is_empty()) else {
            return Err(self.fault_at(name, FormFault::Expected("a list that is not empty")));
        };
        if list.len() > most {
            return Err(self.fault_at(name, FormFault::TooMuch(most)));
        }
        let path = |index| format!("{}.{name}[{index}]", self.path);
        Ok(list
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry, path(index)))
            .collect())
    }

    /// An object within.
    pub fn within(&self, json: &'a Json, path: String, names: &[&str]) -> Result<Object<'a>, FormError> {
        Object::read(json, path, self.item.clone(), names)
    }

    /// The extensions, by address. `known` are those that have a meaning here; another is refused, since it might say how
    /// the rest is to be understood.
    pub fn extensions(&self, known: &[&str]) -> Result<Vec<(String, Object<'a>)>, FormError> {
        let mut all = Vec::new();
        for (json, path) in self.list("extension", limits::OPTIONS)? {
            let names = [
                "url",
                "extension",
                "valueBoolean",
                "valueCode",
                "valueDate",
                "valueDecimal",
                "valueDuration",
                "valueInteger",
                "valueString",
            ];
            let extension = self.within(json, path, &names)?;
            let url = extension.needed("url", limits::NAME)?;
            if !known.contains(&&*url) {
                return Err(extension.fault(FormFault::Unsupported(url)));
            }
            all.push((url, extension));
        }
        Ok(all)
    }

    /// A text with its translations, which stand under `_` and its name.
    pub fn text(&self, name: &str) -> Result<Option<Text>, FormError> {
        let about = format!("_{name}");
        let Some(plain) = self.string(name, limits::TEXT)? else {
            return match self.get(&about) {
                None => Ok(None),
                Some(_) => Err(self.fault_at(name, FormFault::Missing)),
            };
        };
        let mut translations = BTreeMap::new();
        if let Some(json) = self.get(&about) {
            let about = self.within(json, self.at(&about), &["extension"])?;
            for (_, extension) in about.extensions(&[TRANSLATION])? {
                let (mut language, mut content) = (None, None);
                for (url, part) in extension.extensions(&["lang", "content"])? {
                    match &*url {
                        "lang" => language = Some(part.tag("valueCode")?),
                        _ => content = Some(part.needed("valueString", limits::TEXT)?),
                    }
                }
                let (Some(language), Some(content)) = (language, content) else {
                    return Err(extension.fault(FormFault::Missing));
                };
                if translations.insert(language, content).is_some() {
                    return Err(extension.fault(FormFault::Contradiction));
                }
            }
        }
        if translations.len() > limits::LANGUAGES {
            return Err(self.fault_at(&about, FormFault::TooMuch(limits::LANGUAGES)));
        }
        Ok(Some(Text { plain, translations }))
    }

    /// A BCP 47 tag, by its shape: letters and digits in subtags of one to eight.
    pub fn tag(&self, name: &str) -> Result<String, FormError> {
        let tag = self.needed(name, 35)?;
        let subtag =
            |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        if tag.split('-').all(subtag) {
            Ok(tag)
        } else {
            Err(self.fault_at(name, FormFault::Expected("a language, such as zh-CN")))
        }
    }
}
