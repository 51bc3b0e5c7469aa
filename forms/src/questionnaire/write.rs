//! A form as JSON again: what was accepted and nothing else, so that what travels is what was read.

use serde_json::{Map, Value as Json, json};

use crate::reader::TRANSLATION;
use crate::text::Text;
use crate::value::Value;

use super::extensions::{
    CONSENT, CRISIS, MAX_OCCURS, MAX_VALUE, MIN_OCCURS, MIN_VALUE, ORDINAL, PURPOSE, RETENTION, SCORE, UCUM,
};
use super::{Asks, Bounds, Choice, Code, Crisis, Item, Kind, Operator, Questionnaire, Scoring, Unit};

impl Questionnaire {
    /// The form as FHIR JSON. Reading it gives the same form.
    pub fn to_json(&self) -> Json {
        let mut map = Map::new();
        map.insert("resourceType".to_owned(), json!("Questionnaire"));
        let names = [("id", &self.id), ("url", &self.url), ("version", &self.version)];
        for (name, value) in names {
            if let Some(value) = value {
                map.insert(name.to_owned(), json!(value));
            }
        }
        map.insert("language".to_owned(), json!(self.language));
        map.insert("status".to_owned(), json!(self.status));
        text(&mut map, "title", Some(&self.title));
        text(&mut map, "description", self.description.as_ref());
        text(&mut map, "purpose", self.purpose.as_ref());
        text(&mut map, "copyright", self.copyright.as_ref());
        codes(&mut map, &self.code);
        map.insert("item".to_owned(), self.written(None));
        Json::Object(map)
    }

    fn written(&self, parent: Option<usize>) -> Json {
        let within = self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| item.parent == parent);
        within.map(|(index, item)| self.item_json(index, item)).collect()
    }

    fn item_json(&self, index: usize, item: &Item) -> Json {
        let mut map = Map::new();
        map.insert("linkId".to_owned(), json!(item.link_id));
        text(&mut map, "prefix", item.prefix.as_ref());
        text(&mut map, "text", item.text.as_ref());
        codes(&mut map, &item.code);
        for (name, said) in [("required", item.required), ("repeats", item.repeats.is_some())] {
            if said {
                map.insert(name.to_owned(), json!(true));
            }
        }
        let mut extensions = Vec::new();
        if let Some(purpose) = &item.purpose {
            extensions.push(worded(PURPOSE, purpose));
        }
        if let Some(retention) = item.retention {
            let (code, unit) = match retention.unit {
                Unit::Days => ("d", "days"),
                Unit::Months => ("mo", "months"),
                Unit::Years => ("a", "years"),
            };
            let duration = json!({ "value": retention.count, "unit": unit, "system": UCUM, "code": code });
            extensions.push(json!({ "url": RETENTION, "valueDuration": duration }));
        }
        if let Some(occurs) = item.repeats {
            let counts = [(MIN_OCCURS, occurs.least), (MAX_OCCURS, occurs.most)];
            extensions.extend(counts.map(|(url, count)| json!({ "url": url, "valueInteger": count })));
        }
        if let Some(enable) = &item.enabled {
            let conditions: Json = enable
                .conditions
                .iter()
                .map(|condition| {
                    let mut written = condition.value.named("answer");
                    let question = self.items.get(condition.question).map(|item| &item.link_id);
                    written["question"] = json!(question);
                    written["operator"] = json!(condition.operator.code());
                    written
                })
                .collect();
            map.insert("enableWhen".to_owned(), conditions);
            map.insert(
                "enableBehavior".to_owned(),
                json!(if enable.all { "all" } else { "any" }),
            );
        }
        match &item.kind {
            Kind::Display => {
                map.insert("type".to_owned(), json!("display"));
            }
            Kind::Group(scoring) => {
                map.insert("type".to_owned(), json!("group"));
                extensions.extend(scoring.as_ref().map(score));
                let within = self.written(Some(index));
                if within.as_array().is_some_and(|within| !within.is_empty()) {
                    map.insert("item".to_owned(), within);
                }
            }
            Kind::Question(question) => {
                extensions.extend(question.crisis.map(|crisis| match crisis {
                    Crisis::Answer(answer) => json!({ "url": CRISIS, "valueBoolean": answer }),
                    Crisis::Above(bound) => {
                        json!({ "url": CRISIS, "valueDecimal": Value::Decimal(bound).json() })
                    }
                }));
                let consent = question.consent.as_ref();
                extensions.extend(consent.map(|name| json!({ "url": CONSENT, "valueCode": name })));
                if !question.initial.is_empty() {
                    let initial = question
                        .initial
                        .iter()
                        .map(|value| value.named("value"))
                        .collect();
                    map.insert("initial".to_owned(), initial);
                }
                asks(&mut map, &mut extensions, &question.asks);
            }
        }
        if !extensions.is_empty() {
            map.insert("extension".to_owned(), Json::Array(extensions));
        }
        Json::Object(map)
    }
}

fn asks(map: &mut Map<String, Json>, extensions: &mut Vec<Json>, asks: &Asks) {
    let kind = match asks {
        Asks::Boolean => "boolean",
        Asks::Integer(bounds) => bounded(extensions, bounds, Value::Integer, "integer"),
        Asks::Decimal(bounds) => bounded(extensions, bounds, Value::Decimal, "decimal"),
        Asks::Date(bounds) => bounded(extensions, bounds, Value::Date, "date"),
        Asks::Line(_) => "string",
        Asks::Lines(_) => "text",
        Asks::Choice(_) => "choice",
        Asks::OpenChoice(..) => "open-choice",
    };
    map.insert("type".to_owned(), json!(kind));
    if let Asks::Line(most) | Asks::Lines(most) | Asks::OpenChoice(_, most) = asks {
        map.insert("maxLength".to_owned(), json!(most));
    }
    if !asks.choices().is_empty() {
        map.insert(
            "answerOption".to_owned(),
            asks.choices().iter().map(choice).collect(),
        );
    }
}

fn bounded<T: Copy>(
    extensions: &mut Vec<Json>,
    bounds: &Bounds<T>,
    value: impl Fn(T) -> Value,
    kind: &'static str,
) -> &'static str {
    for (url, bound) in [(MIN_VALUE, bounds.least), (MAX_VALUE, bounds.most)] {
        if let Some(bound) = bound {
            let mut written = value(bound).named("value");
            written["url"] = json!(url);
            extensions.push(written);
        }
    }
    kind
}

fn choice(choice: &Choice) -> Json {
    let mut map = Map::new();
    match &choice.value {
        Value::Coding(_) => {
            if let Json::Object(mut coding) = choice.value.json() {
                text(&mut coding, "display", Some(&choice.text));
                map.insert("valueCoding".to_owned(), Json::Object(coding));
            }
        }
        Value::Text(_) => text(&mut map, "valueString", Some(&choice.text)),
        value => {
            map.insert(format!("value{}", value.kind()), value.json());
        }
    }
    if let Some(ordinal) = choice.ordinal {
        let extension = json!([{ "url": ORDINAL, "valueDecimal": Value::Decimal(ordinal).json() }]);
        map.insert("extension".to_owned(), extension);
    }
    Json::Object(map)
}

fn score(scoring: &Scoring) -> Json {
    let mut parts = vec![json!({ "url": "source", "valueString": scoring.source })];
    for band in &scoring.bands {
        let from = json!({ "url": "from", "valueDecimal": Value::Decimal(band.from).json() });
        parts.push(json!({ "url": "band", "extension": [from, worded("label", &band.label)] }));
    }
    json!({ "url": SCORE, "extension": parts })
}

fn worded(url: &str, words: &Text) -> Json {
    let mut map = Map::from_iter([("url".to_owned(), json!(url))]);
    text(&mut map, "valueString", Some(words));
    Json::Object(map)
}

fn text(map: &mut Map<String, Json>, name: &str, text: Option<&Text>) {
    let Some(text) = text else { return };
    map.insert(name.to_owned(), json!(text.plain));
    if text.translations.is_empty() {
        return;
    }
    let translation = |(tag, words): (&String, &String)| {
        let parts = json!([{ "url": "lang", "valueCode": tag }, { "url": "content", "valueString": words }]);
        json!({ "url": TRANSLATION, "extension": parts })
    };
    let all: Json = text.translations.iter().map(translation).collect();
    map.insert(format!("_{name}"), json!({ "extension": all }));
}

fn codes(map: &mut Map<String, Json>, codes: &[Code]) {
    if codes.is_empty() {
        return;
    }
    let written = codes.iter().map(|code| {
        let mut written = Value::Coding(code.coding.clone()).json();
        if let Some(display) = &code.display {
            written["display"] = json!(display);
        }
        written
    });
    map.insert("code".to_owned(), written.collect());
}

impl Operator {
    /// As FHIR writes it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Exists => "exists",
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::More => ">",
            Self::Less => "<",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
        }
    }
}
