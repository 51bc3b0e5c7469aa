//! A form with answers laid upon it: one row for each item, and one for each repetition of a group, in the form's order, each
//! enabled or not. A page draws these rows, a terminal prints them, and the check after decryption walks them.

use std::collections::HashMap;

use crate::fault::{AnswerError, AnswerFault};
use crate::limits;
use crate::questionnaire::{Condition, Item, Kind, Operator, Questionnaire};
use crate::response::{Given, Response};
use crate::value::Value;

/// A form's rows.
#[derive(Debug)]
pub struct Sheet<'q> {
    form: &'q Questionnaire,
    rows: Vec<Row<'q>>,
    /// Answers that found no row.
    astray: Vec<AnswerError>,
    /// The row of an item within a row; of a repeating group the first.
    places: HashMap<(Option<usize>, usize), usize>,
}

/// One row.
#[derive(Debug)]
pub struct Row<'q> {
    item: &'q Item,
    index: usize,
    parent: Option<usize>,
    path: String,
    /// Which repetition of a group it is, from 1; 0 where a repeating group has none.
    number: usize,
    /// How many repetitions there are.
    of: usize,
    values: Vec<Value>,
    enabled: bool,
}

impl<'q> Row<'q> {
    /// Its item.
    pub fn item(&self) -> &'q Item {
        self.item
    }

    /// How many groups are around it.
    pub fn depth(&self) -> usize {
        self.item.depth
    }

    /// Link ids from the outermost group, with the number of the repetition where a group repeats: `child[2]/name`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Which repetition of a group it is, from 1, and of how many; 0 for the placeholder.
    pub fn repetition(&self) -> (usize, usize) {
        (self.number, self.of)
    }

    /// Whether it stands for a repeating group that is not there once. Nothing is within.
    pub fn is_placeholder(&self) -> bool {
        self.number == 0
    }

    /// The answers, right or wrong.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Whether it is to be shown and answered.
    pub fn enabled(&self) -> bool {
        self.enabled
    }
}

impl<'q> Sheet<'q> {
    /// Lays answers upon a form. What fits nowhere is a fault of [`Self::astray`]; what fits but is wrong stays in its row.
    pub fn lay(form: &'q Questionnaire, response: &Response) -> Self {
        let mut sheet = Self {
            form,
            rows: Vec::new(),
            astray: Vec::new(),
            places: HashMap::new(),
        };
        let mut within = vec![Vec::new(); form.items.len() + 1];
        for (index, item) in form.items.iter().enumerate() {
            let list = item.parent.map_or(form.items.len(), |parent| parent);
            if let Some(list) = within.get_mut(list) {
                list.push(index);
            }
        }
        sheet.level(&within, form.items.len(), None, "", &response.items);
        let mut known = vec![None; sheet.rows.len()];
        for row in 0..sheet.rows.len() {
            sheet.settle(row, &mut known);
        }
        for (row, enabled) in sheet.rows.iter_mut().zip(known) {
            row.enabled = enabled.unwrap_or(false);
        }
        sheet
    }

    /// The form.
    pub fn form(&self) -> &'q Questionnaire {
        self.form
    }

    /// The rows, each before those within it.
    pub fn rows(&self) -> &[Row<'q>] {
        &self.rows
    }

    /// Answers that found no row.
    pub fn astray(&self) -> &[AnswerError] {
        &self.astray
    }

    fn level(
        &mut self,
        within: &[Vec<usize>],
        list: usize,
        parent: Option<usize>,
        path: &str,
        given: &[Given],
    ) {
        let mut by_name: HashMap<&str, Vec<&Given>> = HashMap::new();
        for given in given {
            by_name.entry(&given.link_id).or_default().push(given);
        }
        for index in within.get(list).into_iter().flatten().copied() {
            let Some(item) = self.form.items.get(index) else {
                continue;
            };
            let found = by_name.remove(&*item.link_id).unwrap_or_default();
            let repeating = item.repeats.is_some() && matches!(item.kind, Kind::Group(_));
            let of = if repeating { found.len() } else { 1 };
            let path = format!(
                "{path}{}{}",
                if path.is_empty() { "" } else { "/" },
                step(&item.link_id)
            );
            if !repeating && found.len() > 1 {
                self.astray.push(AnswerError {
                    path: path.clone(),
                    what: AnswerFault::TooMany(1),
                });
            }
            self.places.insert((parent, index), self.rows.len());
            for at in 0..of.max(1) {
                let found = found.get(at);
                let path = if repeating && of > 0 {
                    format!("{path}[{}]", at + 1)
                } else {
                    path.clone()
                };
                let astray = match item.kind {
                    Kind::Group(_) => found.is_some_and(|found| !found.values.is_empty()),
                    Kind::Question(_) => found.is_some_and(|found| !found.items.is_empty()),
                    Kind::Display => found.is_some(),
                };
                if astray {
                    self.astray.push(AnswerError {
                        path: path.clone(),
                        what: AnswerFault::Unknown,
                    });
                }
                let row = self.rows.len();
                if row >= limits::ROWS {
                    self.full(path);
                    return;
                }
                self.rows.push(Row {
                    item,
                    index,
                    parent,
                    path: path.clone(),
                    number: if of == 0 { 0 } else { at + 1 },
                    of,
                    values: found.map(|found| found.values.clone()).unwrap_or_default(),
                    enabled: false,
                });
                if of > 0 && matches!(item.kind, Kind::Group(_)) {
                    let given = found.map_or(&[][..], |found| &found.items);
                    self.level(within, index, Some(row), &path, given);
                }
            }
        }
        let mut strangers: Vec<&str> = by_name.into_keys().collect();
        strangers.sort_unstable();
        for name in strangers {
            let path = format!("{path}{}{}", if path.is_empty() { "" } else { "/" }, step(name));
            self.astray.push(AnswerError {
                path,
                what: AnswerFault::Unknown,
            });
        }
    }

    /// Told once: the answers are too many to be laid out.
    fn full(&mut self, path: String) {
        let what = AnswerFault::TooMany(limits::ROWS);
        if self.astray.last().is_none_or(|last| last.what != what) {
            self.astray.push(AnswerError { path, what });
        }
    }

    /// Whether a row is enabled: the group around it is, and its conditions hold. No form has a circle of conditions, so each
    /// row is settled once and the recursion ends; its depth is at most the number of items.
    fn settle(&self, row: usize, known: &mut [Option<bool>]) -> bool {
        if let Some(known) = known.get(row).copied().flatten() {
            return known;
        }
        let Some(this) = self.rows.get(row) else {
            return false;
        };
        let enabled = this.parent.is_none_or(|parent| self.settle(parent, known))
            && this.item.enabled.as_ref().is_none_or(|enable| {
                let mut holds = enable
                    .conditions
                    .iter()
                    .map(|condition| self.holds(this, condition, known));
                if enable.all {
                    holds.all(|holds| holds)
                } else {
                    holds.any(|holds| holds)
                }
            });
        if let Some(known) = known.get_mut(row) {
            *known = Some(enabled);
        }
        enabled
    }

    fn holds(&self, row: &Row<'_>, condition: &Condition, known: &mut [Option<bool>]) -> bool {
        let asked = self.seen_from(row, condition.question);
        let values = match asked {
            Some(asked) if self.settle(asked, known) => {
                self.rows.get(asked).map_or(&[][..], |row| &row.values)
            }
            _ => &[],
        };
        let wanted = &condition.value;
        match condition.operator {
            Operator::Exists => Value::Boolean(!values.is_empty()) == *wanted,
            Operator::Is => values.iter().any(|value| value == wanted),
            Operator::IsNot => values.iter().any(|value| value != wanted),
            Operator::More => ordered(values, wanted).any(|value| value > wanted),
            Operator::Less => ordered(values, wanted).any(|value| value < wanted),
            Operator::AtLeast => ordered(values, wanted).any(|value| value >= wanted),
            Operator::AtMost => ordered(values, wanted).any(|value| value <= wanted),
        }
    }

    /// The row of a question as an item in some row sees it: outwards to the first group that holds both, then down, through
    /// groups that do not repeat (a form in which one does was refused).
    fn seen_from(&self, row: &Row<'_>, question: usize) -> Option<usize> {
        let mut down = Vec::new();
        let mut at = Some(question);
        while let Some(index) = at {
            down.push(index);
            at = self.form.items.get(index)?.parent;
        }
        let mut outwards = row.parent;
        loop {
            let group = outwards.and_then(|parent| self.rows.get(parent));
            let holds = group.is_none_or(|group| down.get(1..).unwrap_or_default().contains(&group.index));
            if holds {
                let steps = down.iter().rev().copied();
                let below =
                    steps.skip_while(|step| group.is_some_and(|group| !self.is_below(*step, group.index)));
                let mut place = outwards;
                for step in below {
                    place = Some(*self.places.get(&(place, step))?);
                }
                return place;
            }
            outwards = group?.parent;
        }
    }

    /// Whether an item stands in a group, at any depth.
    fn is_below(&self, index: usize, group: usize) -> bool {
        let mut at = self.form.items.get(index).and_then(|item| item.parent);
        while let Some(parent) = at {
            if parent == group {
                return true;
            }
            at = self.form.items.get(parent).and_then(|item| item.parent);
        }
        false
    }
}

/// Answers of the same kind, which alone can be more or less.
fn ordered<'a>(values: &'a [Value], wanted: &'a Value) -> impl Iterator<Item = &'a Value> {
    values.iter().filter(|value| value.kind() == wanted.kind())
}

/// A link id as a step of a path: what a path is made with is written as in an address (RFC 3986, section 2.1).
pub(crate) fn step(link_id: &str) -> String {
    link_id
        .replace('%', "%25")
        .replace('/', "%2F")
        .replace('[', "%5B")
}

/// A step's link id, and the number of the repetition if it has one.
pub(crate) fn named(step: &str) -> (String, Option<usize>) {
    let (name, number) = match step.split_once('[') {
        Some((name, number)) => (
            name,
            number.strip_suffix(']').and_then(|number| number.parse().ok()),
        ),
        None => (step, None),
    };
    (
        name.replace("%5B", "[").replace("%2F", "/").replace("%25", "%"),
        number,
    )
}
