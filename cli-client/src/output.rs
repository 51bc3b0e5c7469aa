//! What a command says: data on stdout, once; everything else on stderr.

use std::io::{self, IsTerminal as _, Write as _};

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::language::Language;

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether stdout gets JSON.
    pub json: bool,
    /// The language of what is for people.
    pub language: Language,
}

impl Output {
    /// The command's result, once: as one JSON value, or in words.
    ///
    /// # Errors
    /// When stdout cannot be written to. A reader who has seen enough and left is no error.
    pub fn result(self, value: &Value, words: &str) -> Result<(), Failure> {
        let mut text = if self.json {
            escaped(&value.to_string())
        } else {
            clean(words)
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.print(&text)
    }

    /// The same, where it holds a secret: no copy of that is left in memory. `secret` joins the JSON under its name, and
    /// `words` are plain text that holds it already.
    ///
    /// # Errors
    /// As [`Self::result`].
    pub fn secret(self, value: &Value, secret: (&str, &str), words: &str) -> Result<(), Failure> {
        if !self.json {
            return self.print(words);
        }
        let (name, secret) = secret;
        let open = value.to_string();
        let open = open.trim_end_matches('}');
        // A kit's words are letters and spaces: nothing in them is to be escaped.
        let parts = [open, ",\"", name, "\":\"", secret, "\"}\n"];
        let mut text = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
        for part in parts {
            text.push_str(part);
        }
        self.print(&text)
    }

    fn print(self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io(self.language, "stdout", &error))
            }
            _ => Ok(()),
        }
    }

    /// A remark to whoever watches. It is lost if stderr is.
    pub fn note(self, words: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", clean(words));
    }

    /// Whether the result goes to a screen.
    pub fn on_screen(self) -> bool {
        io::stdout().is_terminal()
    }

    /// Whether somebody watches.
    pub fn watched(self) -> bool {
        io::stderr().is_terminal()
    }
}

/// Text that cannot steer a terminal: what another device wrote may hold escape sequences, or turn the reading order.
fn clean(text: &str) -> String {
    let stays = |c: char| matches!(c, '\n' | '\t') || !steers(c);
    text.chars()
        .map(|c| if stays(c) { c } else { '\u{fffd}' })
        .collect()
}

/// JSON that cannot steer a terminal either. What could stands within strings only, where an escape is the same character.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match steers(c) {
            // All of these are in the first plane (RFC 8259, section 7).
            true => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => text.push(c),
        }
    }
    text
}

/// Whether a character moves the cursor, ends the line or turns the reading order (Unicode's `Bidi_Control`, UAX #9).
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text that stays on its line and in its cell: what another device wrote must not look like a row of its own.
pub fn one_line(text: &str) -> String {
    let plain = |c: char| match c {
        '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        c if steers(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// A value within a message.
pub trait Shown {
    /// How it is printed.
    type As: std::fmt::Display;
    /// Text becomes one line.
    fn shown(self) -> Self::As;
}

/// Text that may have several lines within a message.
#[derive(Debug, Clone, Copy)]
pub struct Lines<'a>(pub &'a str);

impl Shown for &str {
    type As = String;
    fn shown(self) -> String {
        one_line(self)
    }
}

impl<'a> Shown for Lines<'a> {
    type As = &'a str;
    fn shown(self) -> &'a str {
        self.0
    }
}

impl Shown for usize {
    type As = Self;
    fn shown(self) -> Self {
        self
    }
}

impl Shown for u64 {
    type As = Self;
    fn shown(self) -> Self {
        self
    }
}

/// Rows in aligned columns, two spaces apart; wide characters count as two. Each row is one line, whatever its cells hold.
pub fn columns(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows.iter().map(Vec::len).max().unwrap_or(0))
        .map(width)
        .collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A time by the relay's or a device's clock (milliseconds since the Unix epoch) in the local time zone, to the minute.
pub fn time(ms: u64) -> String {
    let zoned = i64::try_from(ms)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map(|time| time.to_zoned_datetime(jiff::tz::TimeZone::system()));
    zoned.map_or_else(String::new, |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_cannot_steer_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[2Jb\rc\u{202e}d\n\te"),
            "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\n\te"
        );
    }

    #[test]
    fn json_says_the_same_without_steering_the_terminal() {
        let value = serde_json::json!({ "a\u{202e}": "\u{1b}[2J \u{9b}2J \u{7f} \u{2066}\"\\ 林" });
        let text = escaped(&value.to_string());
        assert!(!text.chars().any(steers), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn a_name_forges_no_row() {
        let rows = [vec!["Lee\nab12  Wu\u{202e}".into(), "a\tb".into()]];
        assert_eq!(columns(&rows), "Lee ab12  Wu\u{fffd}  a b\n");
        let said = crate::messages::case::opened(Language::English, "Lee\n\u{1b}[2JCase Wu", "ab12");
        assert_eq!(said, "Case Lee \u{fffd}[2JCase Wu is open: ab12.");
        let said = crate::messages::note::amended(Language::English, "noon", "An\nn", Lines("one\ntwo"));
        assert_eq!(said, "Amended noon by An n:\none\ntwo");
    }

    #[test]
    fn columns_line_up_under_wide_characters() {
        let rows = [vec!["关系".into(), "x".into()], vec!["abc".into(), "y".into()]];
        assert_eq!(columns(&rows), "关系  x\nabc   y\n");
    }
}
