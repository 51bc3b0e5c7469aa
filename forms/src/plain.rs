//! Answers as plain text, for a terminal or a note. What somebody wrote can neither steer a terminal nor pass for a line of
//! the form: characters that move the cursor or turn the reading order are replaced, and its lines are indented.

use crate::checked::Checked;
use crate::questionnaire::{Kind, Question};
use crate::sheet::Row;
use crate::text::Text;
use crate::value::Value;
use crate::words::{self, Language};

/// The enabled items with their answers, the scores and the crisis flags, in one language.
pub fn render(checked: &Checked<'_>, language: Language) -> String {
    let form = checked.sheet().form();
    let tag = language.tag();
    let mut lines = vec![line(form.title(), tag), String::new()];
    for item in checked.crises() {
        let text = item.text.as_ref().map(|text| line(text, tag)).unwrap_or_default();
        lines.push(format!("!! {}: {text}", words::crisis(language)));
    }
    for score in checked.scores() {
        let words = words::score(language, score.value, score.most, &line(score.band, tag));
        lines.push(format!("{}: {words}", line(score.title, tag)));
        lines.push(format!("   {}", neutral(score.source)));
    }
    for row in checked
        .sheet()
        .rows()
        .iter()
        .filter(|row| row.enabled() && !row.is_placeholder())
    {
        lines.extend(rows(row, tag, language));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn rows(row: &Row<'_>, tag: &str, language: Language) -> Vec<String> {
    let indent = "  ".repeat(row.depth());
    let item = row.item();
    let prefix = item
        .prefix
        .as_ref()
        .map(|text| format!("{} ", line(text, tag)))
        .unwrap_or_default();
    let text = item.text.as_ref().map(|text| line(text, tag)).unwrap_or_default();
    let number = if row.repetition().1 > 1 {
        format!(" {}", row.repetition().0)
    } else {
        String::new()
    };
    let mut lines = vec![format!("{indent}{prefix}{text}{number}")];
    if let Kind::Question(question) = &item.kind {
        if row.values().is_empty() {
            lines.push(format!("{indent}  – {}", words::unanswered(language)));
        }
        for value in row.values() {
            let shown = shown(question, value, tag, language);
            for (index, part) in shown.lines().enumerate() {
                let mark = if index == 0 { "–" } else { "|" };
                lines.push(format!("{indent}  {mark} {}", neutral(part)));
            }
        }
    }
    lines
}

/// An answer in words: an option by the form's wording.
pub(crate) fn shown(question: &Question, value: &Value, tag: &str, language: Language) -> String {
    let choice = question
        .asks
        .choices()
        .iter()
        .find(|choice| choice.value == *value);
    match (choice, value) {
        (Some(choice), _) => choice.text.show(tag).to_owned(),
        (None, Value::Boolean(yes)) => words::yes_or_no(language, *yes).to_owned(),
        (None, value) => value.to_string(),
    }
}

fn line(text: &Text, tag: &str) -> String {
    neutral(text.show(tag))
}

/// On one line: line ends become spaces; controls and what turns the reading order (Unicode's `Bidi_Control`, UAX #9) become
/// U+FFFD.
pub fn neutral(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}
