//! The form as a whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::{FormError, FormFault, Warning, WarningKind};
use crate::reader::Object;
use crate::text::Text;
use crate::value::Coding;
use crate::{json, limits};

use super::item::Items;
use super::{Code, Kind, Questionnaire, conditions, score};

/// What is read.
const READ: &[&str] = &[
    "resourceType",
    "id",
    "language",
    "url",
    "version",
    "name",
    "title",
    "status",
    "description",
    "purpose",
    "copyright",
    "code",
    "item",
];
/// What is left out, since it neither changes what is asked nor is shown: narrative is HTML, and the rest is for catalogues.
const PASSED_OVER: &[&str] = &[
    "meta",
    "text",
    "identifier",
    "experimental",
    "subjectType",
    "date",
    "publisher",
    "contact",
    "useContext",
    "jurisdiction",
    "approvalDate",
    "lastReviewDate",
    "effectivePeriod",
];

impl Questionnaire {
    /// Reads a form, and what its author should look at again.
    ///
    /// # Errors
    /// The first fault, with its path: what is malformed, over a limit of [`limits`], or not supported.
    pub fn parse(bytes: &[u8]) -> Result<(Self, Vec<Warning>), FormError> {
        let path = || "Questionnaire".to_owned();
        let refuse = |what| FormError {
            path: path(),
            item: None,
            what,
        };
        if bytes.len() > limits::FORM {
            return Err(refuse(FormFault::TooMuch(limits::FORM)));
        }
        let json = json::read(bytes).map_err(|found| refuse(FormFault::Json(found)))?;
        let object = Object::read(&json, path(), None, &[READ, PASSED_OVER].concat())?;
        if object.needed("resourceType", limits::NAME)? != "Questionnaire" {
            return Err(object.fault_at("resourceType", FormFault::Expected("Questionnaire")));
        }
        let status = object.needed("status", limits::NAME)?;
        if !matches!(&*status, "draft" | "active" | "retired" | "unknown") {
            return Err(object.fault_at("status", FormFault::Expected("draft, active, retired or unknown")));
        }
        let title = match object.text("title")? {
            Some(title) => title,
            None => Text {
                plain: object.needed("name", limits::NAME)?,
                ..Text::default()
            },
        };
        let language = match object.get("language") {
            Some(_) => object.tag("language")?,
            None => "en".to_owned(),
        };
        let mut items = Items::default();
        items.read(&object, None, 0)?;
        if items.all.is_empty() {
            return Err(object.fault_at("item", FormFault::Missing));
        }
        let mut form = Self {
            id: object.string("id", limits::NAME)?,
            url: object.string("url", limits::NAME)?,
            version: object.string("version", limits::NAME)?,
            status,
            language,
            title,
            description: object.text("description")?,
            purpose: object.text("purpose")?,
            copyright: object.text("copyright")?,
            code: codes(&object)?,
            items: items.all,
            index: items.index,
        };
        conditions::read(&mut form, &items.waiting)?;
        score::check(&form, &items.paths)?;
        form.consents(&items.paths)?;
        form.start_is_bounded(&items.paths)?;
        let warnings = form.warnings();
        Ok((form, warnings))
    }

    /// Each consent on its own, once, in a form with a version and an address.
    fn consents(&self, paths: &[String]) -> Result<(), FormError> {
        let mut seen = BTreeSet::new();
        for (item, path) in self.items.iter().zip(paths) {
            if let Kind::Question(question) = &item.kind
                && let Some(name) = &question.consent
            {
                let once = self.around(item).all(|around| around.repeats.is_none());
                if !(once
                    && seen.insert(name)
                    && self.version.is_some()
                    && self.url.is_some()
                    && item.text.is_some())
                {
                    let (path, item) = (path.clone(), Some(item.link_id.clone()));
                    return Err(FormError {
                        path,
                        item,
                        what: FormFault::Consent,
                    });
                }
            }
        }
        Ok(())
    }

    /// An empty form, with every group as often as it must be there, is no longer than a response may be.
    fn start_is_bounded(&self, paths: &[String]) -> Result<(), FormError> {
        let mut total = 0_usize;
        for (item, path) in self.items.iter().zip(paths) {
            let least = |item: &super::Item| item.repeats.map_or(1, |occurs| occurs.least);
            let times = self
                .around(item)
                .fold(1_usize, |times, item| times.saturating_mul(least(item).max(1)));
            total = total.saturating_add(times);
            if total > limits::RESPONSE_ITEMS {
                let (path, item) = (path.clone(), Some(item.link_id.clone()));
                let what = FormFault::TooMuch(limits::RESPONSE_ITEMS);
                return Err(FormError { path, item, what });
            }
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |item: Option<&str>, kind| {
            warnings.push(Warning {
                item: item.map(str::to_owned),
                kind,
            });
        };
        if self.status != "active" {
            warn(None, WarningKind::NotActive);
        }
        for (index, item) in self.items.iter().enumerate() {
            let Kind::Question(question) = &item.kind else {
                continue;
            };
            if self.purpose(item).is_none() {
                warn(Some(&item.link_id), WarningKind::NoPurpose);
            }
            let helps = |other: &super::Item| {
                let conditions = other.enabled.iter().flat_map(|enable| &enable.conditions);
                other.kind == Kind::Display
                    && conditions
                        .into_iter()
                        .any(|condition| condition.question == index)
            };
            if question.crisis.is_some() && !self.items.iter().any(helps) {
                warn(Some(&item.link_id), WarningKind::NoHelp);
            }
        }
        let languages: BTreeSet<&str> = self.languages().into_iter().skip(1).collect();
        let mut lacking = BTreeSet::new();
        for (item, text) in self.texts() {
            let lacks = |language: &&&str| {
                !text.translations.contains_key(**language) && ***language != *self.language
            };
            if languages.iter().any(|language| lacks(&language)) && lacking.insert(item) {
                warn(item, WarningKind::NotTranslated);
            }
        }
        warnings
    }

    /// Every text, with the link id of its item.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (Option<&str>, &Text)> {
        let own = [
            Some(&self.title),
            self.description.as_ref(),
            self.purpose.as_ref(),
            self.copyright.as_ref(),
        ];
        let items = self
            .items
            .iter()
            .flat_map(|item| item.texts().into_iter().map(|text| (Some(&*item.link_id), text)));
        own.into_iter().flatten().map(|text| (None, text)).chain(items)
    }
}

/// Codes of terminologies.
pub(super) fn codes(object: &Object<'_>) -> Result<Vec<Code>, FormError> {
    let mut codes = Vec::new();
    for (json, path) in object.list("code", limits::CONDITIONS)? {
        let code = object.within(json, path, &["system", "version", "code", "display"])?;
        codes.push(Code {
            coding: Coding {
                system: code.string("system", limits::NAME)?,
                code: code.needed("code", limits::NAME)?,
            },
            display: code.string("display", limits::TEXT)?,
        });
    }
    Ok(codes)
}

/// The index of each link id.
pub(super) type Index = BTreeMap<String, usize>;
