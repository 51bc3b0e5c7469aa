//! Answers being given, one at a time: what a page or a command line does between an empty form and a completed response.

use crate::questionnaire::{Item, Kind, Questionnaire};
use crate::sheet::{Row, Sheet, named};
use crate::value::Value;

use super::{Given, Response, Status};

impl Response {
    /// An empty form: its initial values, and each repeating group as often as it must be there.
    pub fn start(form: &Questionnaire, language: &str) -> Self {
        Self {
            questionnaire: form.canonical(),
            status: Status::InProgress,
            language: Some(language.to_owned()),
            authored: None,
            items: fresh(form, None),
        }
    }

    /// Gives one question these answers, in place of those before; none takes them away. Whether they are right answers is
    /// not asked here: what somebody typed is kept while it is wrong.
    ///
    /// Says whether there is such a question.
    pub fn set(&mut self, form: &Questionnaire, path: &str, values: Vec<Value>) -> bool {
        let Some(place) = self.reach(form, path) else {
            return false;
        };
        if !matches!(place.item.kind, Kind::Question(_)) {
            return false;
        }
        let link_id = place.item.link_id.clone();
        place.items.retain(|given| given.link_id != link_id);
        if !values.is_empty() {
            place.items.push(Given {
                link_id,
                values,
                items: Vec::new(),
            });
        }
        true
    }

    /// Adds one more repetition of a group, with its initial values. Says whether there was room for one.
    pub fn add(&mut self, form: &Questionnaire, path: &str) -> bool {
        let Some(place) = self.reach(form, path) else {
            return false;
        };
        let there = place
            .items
            .iter()
            .filter(|given| given.link_id == place.item.link_id)
            .count();
        let room = place.item.repeats.is_some_and(|occurs| there < occurs.most);
        if !room || !matches!(place.item.kind, Kind::Group(_)) {
            return false;
        }
        let (link_id, items) = (place.item.link_id.clone(), fresh(form, Some(place.index)));
        place.items.push(Given {
            link_id,
            values: Vec::new(),
            items,
        });
        true
    }

    /// Takes away the repetition of a group that the path names: `child[2]`. Says whether there was one.
    pub fn remove(&mut self, form: &Questionnaire, path: &str) -> bool {
        let Some(place) = self.reach(form, path) else {
            return false;
        };
        let (Some(number), true) = (place.number, matches!(place.item.kind, Kind::Group(_))) else {
            return false;
        };
        let mut there = place
            .items
            .iter()
            .enumerate()
            .filter(|(_, given)| given.link_id == place.item.link_id);
        let found = there.nth(number.wrapping_sub(1)).map(|(at, _)| at);
        found.map(|at| place.items.remove(at)).is_some()
    }

    /// What is handed in: the answers that count, those of enabled items, in the form's order.
    pub fn complete(&self, form: &Questionnaire, authored: Option<String>) -> Self {
        let sheet = Sheet::lay(form, self);
        Self {
            status: Status::Completed,
            authored,
            items: counting(&mut sheet.rows().iter().peekable(), 0),
            ..self.clone()
        }
    }

    /// The list that a path leads to, the item at its end and the number of the repetition it names; groups that do not
    /// repeat are made on the way.
    fn reach<'q>(&mut self, form: &'q Questionnaire, path: &str) -> Option<Place<'_, 'q>> {
        let mut items = &mut self.items;
        let mut parent = None;
        let mut steps = path.split('/').map(named).peekable();
        while let Some((name, number)) = steps.next() {
            let index = *form.index.get(&name)?;
            let item = form.items.get(index).filter(|item| item.parent == parent)?;
            if steps.peek().is_none() {
                return Some(Place {
                    items,
                    item,
                    index,
                    number,
                });
            }
            let there = items.iter().filter(|given| given.link_id == name).count();
            if there == 0 && item.repeats.is_none() && matches!(item.kind, Kind::Group(_)) {
                items.push(Given {
                    link_id: name.clone(),
                    values: Vec::new(),
                    items: Vec::new(),
                });
            }
            let mut found = items.iter_mut().filter(|given| given.link_id == name);
            items = &mut found.nth(number.unwrap_or(1).checked_sub(1)?)?.items;
            parent = Some(index);
        }
        None
    }
}

/// Where a path leads.
struct Place<'a, 'q> {
    items: &'a mut Vec<Given>,
    item: &'q Item,
    index: usize,
    number: Option<usize>,
}

/// What a group holds before anybody answered: at most [`crate::limits::RESPONSE_ITEMS`], which a form is refused for else.
fn fresh(form: &Questionnaire, parent: Option<usize>) -> Vec<Given> {
    let mut all = Vec::new();
    for (index, item) in form
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.parent == parent)
    {
        let link_id = || item.link_id.clone();
        match &item.kind {
            Kind::Question(question) if !question.initial.is_empty() => {
                all.push(Given {
                    link_id: link_id(),
                    values: question.initial.clone(),
                    items: Vec::new(),
                });
            }
            Kind::Group(_) => {
                let least = item
                    .repeats
                    .map_or(1, |occurs| if item.required { occurs.least } else { 0 });
                for _ in 0..least {
                    all.push(Given {
                        link_id: link_id(),
                        values: Vec::new(),
                        items: fresh(form, Some(index)),
                    });
                }
            }
            _ => {}
        }
    }
    all
}

/// The rows of one level that hold an answer or something that does.
fn counting<'a, 'r: 'a>(
    rows: &mut std::iter::Peekable<impl Iterator<Item = &'a Row<'r>>>,
    depth: usize,
) -> Vec<Given> {
    let mut all = Vec::new();
    while let Some(row) = rows.next_if(|row| row.depth() >= depth) {
        let group = matches!(row.item().kind, Kind::Group(_)) && !row.is_placeholder();
        let items = if group {
            within(rows, depth + 1)
        } else {
            Vec::new()
        };
        let kept = !row.values().is_empty() || !items.is_empty() || (group && row.item().repeats.is_some());
        if row.enabled() && kept {
            let values = row.values().to_vec();
            all.push(Given {
                link_id: row.item().link_id.clone(),
                values,
                items,
            });
        }
    }
    all
}

/// [`counting`] again, without the type growing with each level.
fn within<'a, 'r: 'a>(
    rows: &mut std::iter::Peekable<impl Iterator<Item = &'a Row<'r>>>,
    depth: usize,
) -> Vec<Given> {
    counting(rows, depth)
}
