//! The sheet as text, for a terminal or a plain file.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};
use zeroize::Zeroizing;

use super::{Sheet, typeset};
use crate::messages::kit as say;
use crate::output::columns;

/// The most columns of words, and so the fewest rows.
const COLUMNS: usize = 4;
/// The longest lines that are easily read, columns of the terminal.
const MAX_WIDTH: usize = 80;

impl Sheet<'_> {
    /// The sheet for a terminal of so many columns. The words run from left to right, so that copying them keeps their
    /// order; where four do not fit beside each other, fewer do.
    pub fn terminal(&self, width: usize) -> Zeroizing<String> {
        // Room for all of it, so that no copy of the words is left behind by growing.
        let mut text = Zeroizing::new(String::with_capacity(16 * 1024));
        text.push_str(&say::title(self.language));
        text.push_str("\n\n");
        let facts = self.facts().map(|(name, value)| vec![name, value]);
        text.push_str(&columns(&facts));
        text.push('\n');
        self.grid(&mut text, width);
        for sentence in self.purpose().into_iter().chain([say::how(self.language)]) {
            text.push('\n');
            #[expect(clippy::cast_precision_loss, reason = "at most eighty")]
            let room = width.min(MAX_WIDTH) as f32;
            let wide = |c: char| {
                c.width()
                    .map_or(0.0, |columns| if columns > 1 { 2.0 } else { 1.0 })
            };
            for line in typeset::lines(&sentence, room, wide) {
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }

    fn grid(&self, text: &mut String, width: usize) {
        let word = self.words.iter().map(|word| word.width()).max().unwrap_or(0);
        // A space, two digits, a space, the word, two spaces.
        let cell = word + 6;
        let columns = ((width.saturating_sub(1)) / (cell + 1)).clamp(1, COLUMNS);
        let rule = |ends: [&str; 3]| {
            let [left, between, right] = ends;
            let cells = vec!["─".repeat(cell); columns].join(between);
            format!("{left}{cells}{right}\n")
        };
        text.push_str(&rule(["┌", "┬", "┐"]));
        for (number, shown) in self.numbered() {
            let gap = " ".repeat(word - shown.width() + 2);
            for part in ["│ ", &format!("{number:>2}"), " ", shown, &gap] {
                text.push_str(part);
            }
            if number % columns == 0 {
                text.push_str("│\n");
            }
        }
        text.push_str(&rule(["└", "┴", "┘"]));
    }
}
