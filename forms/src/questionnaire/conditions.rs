//! When items are enabled: conditions, read once all questions are known, and shown to lead in no circle.

use crate::fault::{FormError, FormFault};
use crate::limits;
use crate::reader::Object;
use crate::value::Value;

use super::{Asks, Condition, Enable, Kind, Operator, Questionnaire};

pub(super) fn read(form: &mut Questionnaire, waiting: &[(usize, Object<'_>)]) -> Result<(), FormError> {
    for (index, object) in waiting {
        let mut conditions = Vec::new();
        for (json, path) in object.list("enableWhen", limits::CONDITIONS)? {
            conditions.push(condition(form, *index, object, json, path)?);
        }
        let all = match object.string("enableBehavior", limits::NAME)?.as_deref() {
            Some("all") => true,
            Some("any") => false,
            None if conditions.len() == 1 => true,
            _ => return Err(object.fault_at("enableBehavior", FormFault::Expected("all or any"))),
        };
        if conditions.is_empty() {
            return Err(object.fault_at("enableWhen", FormFault::Missing));
        }
        if let Some(item) = form.items.get_mut(*index) {
            item.enabled = Some(Enable { all, conditions });
        }
    }
    let mut walked = vec![Walked::Not; form.items.len()];
    for (index, object) in waiting {
        if circular(form, *index, &mut walked) {
            let name = object.item.clone().unwrap_or_default();
            return Err(object.fault_at("enableWhen", FormFault::Circle(name)));
        }
    }
    Ok(())
}

fn condition(
    form: &Questionnaire,
    index: usize,
    around: &Object<'_>,
    json: &serde_json::Value,
    path: String,
) -> Result<Condition, FormError> {
    let names = [
        "question",
        "operator",
        "answerBoolean",
        "answerDecimal",
        "answerInteger",
        "answerDate",
        "answerString",
        "answerCoding",
    ];
    let object = Object::read(json, path, around.item.clone(), &names)?;
    let name = object.needed("question", limits::NAME)?;
    let found = form
        .index
        .get(&name)
        .and_then(|at| Some((*at, form.items.get(*at)?)));
    let Some((question, asked)) = found else {
        return Err(object.fault_at("question", FormFault::NoSuchQuestion(name)));
    };
    let Kind::Question(asked_for) = &asked.kind else {
        return Err(object.fault_at("question", FormFault::NoSuchQuestion(name)));
    };
    let around_item = |group: &super::Item| {
        let mut outwards = form
            .items
            .get(index)
            .into_iter()
            .flat_map(|item| form.around(item).skip(1));
        outwards.any(|other| other.link_id == group.link_id)
    };
    let mut groups = form.around(asked).skip(1);
    if groups.any(|group| group.repeats.is_some() && !around_item(group)) {
        return Err(object.fault_at("question", FormFault::OtherRepetition(name)));
    }
    let operator = match &*object.needed("operator", limits::NAME)? {
        "exists" => Operator::Exists,
        "=" => Operator::Is,
        "!=" => Operator::IsNot,
        ">" => Operator::More,
        "<" => Operator::Less,
        ">=" => Operator::AtLeast,
        "<=" => Operator::AtMost,
        other => {
            return Err(object.fault_at(
                "operator",
                FormFault::Unsupported(other.chars().take(8).collect()),
            ));
        }
    };
    let mut answers = object.beginning("answer");
    let value = match (answers.next(), answers.next()) {
        (Some((kind, json)), None) => Value::read(kind, json),
        _ => None,
    };
    let value = value.ok_or_else(|| object.fault(FormFault::Expected("one answer to compare with")))?;
    let ordered = matches!(
        asked_for.asks,
        Asks::Integer(_) | Asks::Decimal(_) | Asks::Date(_)
    );
    let fits = match operator {
        Operator::Exists => matches!(value, Value::Boolean(_)),
        Operator::Is | Operator::IsNot => comparable(&asked_for.asks, &value),
        _ => ordered && comparable(&asked_for.asks, &value),
    };
    if fits {
        Ok(Condition {
            question,
            operator,
            value,
        })
    } else {
        Err(object.fault(FormFault::Contradiction))
    }
}

/// Whether a question's answer can be this, bounds aside.
fn comparable(asks: &Asks, value: &Value) -> bool {
    match asks {
        Asks::Boolean => matches!(value, Value::Boolean(_)),
        Asks::Integer(_) => matches!(value, Value::Integer(_)),
        Asks::Decimal(_) => matches!(value, Value::Decimal(_)),
        Asks::Date(_) => matches!(value, Value::Date(_)),
        Asks::Line(_) | Asks::Lines(_) => matches!(value, Value::Text(_)),
        Asks::Choice(_) | Asks::OpenChoice(..) => asks.take(value).is_ok(),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Walked {
    Not,
    Within,
    Done,
}

/// Whether an item's being enabled depends on itself, through its conditions and the groups around what they name. The depth
/// is bounded by [`limits::ITEMS`].
fn circular(form: &Questionnaire, index: usize, walked: &mut [Walked]) -> bool {
    match walked.get(index) {
        Some(Walked::Within) => return true,
        Some(Walked::Not) => {}
        _ => return false,
    }
    walked[index] = Walked::Within;
    let Some(item) = form.items.get(index) else {
        return false;
    };
    let conditions = item.enabled.iter().flat_map(|enable| &enable.conditions);
    let needs: Vec<usize> = conditions
        .map(|condition| condition.question)
        .chain(item.parent)
        .collect();
    let circle = needs.into_iter().any(|need| circular(form, need, walked));
    walked[index] = Walked::Done;
    circle
}
