//! Answers as a FHIR R4 QuestionnaireResponse: its shape alone. Whether they answer a form is for [`crate::Sheet`] and
//! [`crate::Checked`] to say.

use serde_json::{Map, Value as Json, json};

use crate::fault::{AnswerError, AnswerFault};
use crate::value::Value;
use crate::{json, limits};

mod edit;

/// Answers, of whatever form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The form's address and version.
    pub questionnaire: Option<String>,
    /// How far it is.
    pub status: Status,
    /// The language that the form was shown in (BCP 47).
    pub language: Option<String>,
    /// When it was given, as its author's device says: FHIR's dateTime.
    pub authored: Option<String>,
    /// The answers.
    pub items: Vec<Given>,
}

/// How far a response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A draft.
    InProgress,
    /// Handed in.
    Completed,
    /// Handed in again, changed.
    Amended,
}

/// What is given to one item of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The item's name.
    pub link_id: String,
    /// The answers, of a question.
    pub values: Vec<Value>,
    /// What is within, of a group.
    pub items: Vec<Given>,
}

impl Status {
    fn code(self) -> &'static str {
        match self {
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Amended => "amended",
        }
    }
}

impl Response {
    /// Reads answers. What a response says of an item's text is passed over: the form's wording is what was asked.
    ///
    /// # Errors
    /// What is no QuestionnaireResponse, is over a limit of [`limits`], or holds what no form here can ask for; with its place.
    pub fn parse(bytes: &[u8]) -> Result<Self, AnswerError> {
        let path = "QuestionnaireResponse";
        if bytes.len() > limits::RESPONSE {
            return Err(malformed(path, format!("at most {} bytes", limits::RESPONSE)));
        }
        let json = json::read(bytes).map_err(|found| malformed(path, format!("JSON: {found}")))?;
        let names = [
            "resourceType",
            "id",
            "meta",
            "questionnaire",
            "status",
            "language",
            "authored",
            "item",
        ];
        let map = object(&json, path, &names)?;
        if map.get("resourceType").and_then(Json::as_str) != Some(path) {
            return Err(malformed(&format!("{path}.resourceType"), path.to_owned()));
        }
        let status = match map.get("status").and_then(Json::as_str) {
            Some("in-progress") => Status::InProgress,
            Some("completed") => Status::Completed,
            Some("amended") => Status::Amended,
            _ => {
                let wanted = "in-progress, completed or amended".to_owned();
                return Err(malformed(&format!("{path}.status"), wanted));
            }
        };
        let mut left = limits::RESPONSE_ITEMS;
        Ok(Self {
            questionnaire: name(map, path, "questionnaire")?,
            status,
            language: name(map, path, "language")?,
            authored: name(map, path, "authored")?,
            items: given(map, path, &mut left, 0)?,
        })
    }

    /// The answers as FHIR JSON. Reading it gives the same answers.
    pub fn to_json(&self) -> Json {
        let mut map = Map::new();
        map.insert("resourceType".to_owned(), json!("QuestionnaireResponse"));
        map.insert("status".to_owned(), json!(self.status.code()));
        let names = [
            ("questionnaire", &self.questionnaire),
            ("language", &self.language),
            ("authored", &self.authored),
        ];
        for (name, value) in names {
            if let Some(value) = value {
                map.insert(name.to_owned(), json!(value));
            }
        }
        if !self.items.is_empty() {
            map.insert("item".to_owned(), self.items.iter().map(Given::to_json).collect());
        }
        Json::Object(map)
    }
}

impl Given {
    fn to_json(&self) -> Json {
        let mut map = Map::from_iter([("linkId".to_owned(), json!(self.link_id))]);
        if !self.values.is_empty() {
            let answers = self.values.iter().map(|value| value.named("value")).collect();
            map.insert("answer".to_owned(), answers);
        }
        if !self.items.is_empty() {
            map.insert("item".to_owned(), self.items.iter().map(Given::to_json).collect());
        }
        Json::Object(map)
    }
}

fn given(
    map: &Map<String, Json>,
    path: &str,
    left: &mut usize,
    depth: usize,
) -> Result<Vec<Given>, AnswerError> {
    let mut all = Vec::new();
    let (list, path) = list(map, path, "item")?;
    if depth >= limits::DEPTH && !list.is_empty() {
        return Err(malformed(&path, format!("at most {} levels", limits::DEPTH)));
    }
    for (index, json) in list.iter().enumerate() {
        let path = format!("{path}[{index}]");
        *left = left
            .checked_sub(1)
            .ok_or_else(|| malformed(&path, format!("at most {} items", limits::RESPONSE_ITEMS)))?;
        let map = object(json, &path, &["linkId", "text", "answer", "item"])?;
        let link_id = name(map, &path, "linkId")?.ok_or_else(|| malformed(&path, "linkId".to_owned()))?;
        let (answers, place) = self::list(map, &path, "answer")?;
        let mut values = Vec::new();
        for (index, json) in answers.iter().enumerate() {
            values.push(value(json, &format!("{place}[{index}]"))?);
        }
        if values.len() > limits::MOST_REPEATS {
            return Err(malformed(
                &place,
                format!("at most {} answers", limits::MOST_REPEATS),
            ));
        }
        let items = given(map, &path, left, depth + 1)?;
        all.push(Given {
            link_id,
            values,
            items,
        });
    }
    Ok(all)
}

fn value(json: &Json, path: &str) -> Result<Value, AnswerError> {
    let wanted = "one value: valueBoolean, valueInteger, valueDecimal, valueDate, valueString or valueCoding";
    Value::parse(json).ok_or_else(|| malformed(path, wanted.to_owned()))
}

fn object<'a>(json: &'a Json, path: &str, names: &[&str]) -> Result<&'a Map<String, Json>, AnswerError> {
    let map = json
        .as_object()
        .ok_or_else(|| malformed(path, "an object".to_owned()))?;
    if map.keys().all(|name| names.contains(&&**name)) {
        Ok(map)
    } else {
        Err(malformed(path, format!("none but {}", names.join(", "))))
    }
}

fn list<'a>(map: &'a Map<String, Json>, path: &str, name: &str) -> Result<(&'a [Json], String), AnswerError> {
    let path = format!("{path}.{name}");
    match map.get(name) {
        None => Ok((&[], path)),
        Some(json) => match json.as_array() {
            Some(list) => Ok((list, path)),
            None => Err(malformed(&path, "a list".to_owned())),
        },
    }
}

fn name(map: &Map<String, Json>, path: &str, name: &str) -> Result<Option<String>, AnswerError> {
    let Some(json) = map.get(name) else {
        return Ok(None);
    };
    let text = json
        .as_str()
        .filter(|text| !text.is_empty() && !text.chars().any(char::is_control));
    // An address and its version, each of which may be this long, and the bar between them.
    match text.filter(|text| text.chars().count() <= 2 * limits::NAME + 1) {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(malformed(&format!("{path}.{name}"), "a short text".to_owned())),
    }
}

fn malformed(path: &str, wanted: String) -> AnswerError {
    AnswerError {
        path: path.to_owned(),
        what: AnswerFault::Malformed(wanted),
    }
}
