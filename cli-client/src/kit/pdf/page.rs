//! What is where on the page. Points, from the lower left corner; the words run from left to right, so that copying them
//! from a viewer keeps their order.

use pdf_writer::{Content, Name, Str};
use zeroize::Zeroizing;

use super::{HEIGHT, Sheet, WIDTH, say};
use crate::kit::typeset::{Script, lines, runs, width};

/// How the page calls its fonts.
pub const PLAIN: Name<'_> = Name(b"Plain");
pub const BOLD: Name<'_> = Name(b"Bold");
pub const WORD: Name<'_> = Name(b"Word");
pub const CHINESE: Name<'_> = Name(b"Chinese");

const LEFT: f32 = 50.0;
const TOP: f32 = HEIGHT - 72.0;
pub const BOTTOM: f32 = 72.0;
const ROOM: f32 = WIDTH - 2.0 * LEFT;

const TITLE: f32 = 26.0;
const FACT: f32 = 12.0;
const TEXT: f32 = 11.0;
const ENGLISH_WORD: f32 = 16.0;
const CHINESE_WORD: f32 = 24.0;
const SMALL: f32 = 9.0;
/// From one line to the next, for a font of size 1.
const LEADING: f32 = 1.35;

/// Where the facts' values begin.
const VALUES: f32 = LEFT + 90.0;
const COLUMNS: usize = 4;
const BOX_WIDTH: f32 = ROOM / 4.0;
const BOX_HEIGHT: f32 = 40.0;
const GAP: f32 = 12.0;

/// From white, 1, to black, 0.
const INK: f32 = 0.0;
const FAINT: f32 = 0.4;

/// A page that is being filled from top to bottom.
pub struct Page {
    content: Content,
    /// The lower edge of what is there.
    y: f32,
}

impl Page {
    /// The page's content stream.
    pub fn of(sheet: &Sheet<'_>) -> Zeroizing<Vec<u8>> {
        // Room for all of it, so that no copy of the words is left behind by growing.
        let mut page = Self {
            content: Content::with_capacity(64 * 1024),
            y: TOP,
        };
        page.title(&say::title(sheet.language));
        page.facts(sheet);
        let [purpose, secret, replace] = sheet.purpose();
        page.paragraph(&purpose);
        page.paragraph(&secret);
        page.words(sheet);
        page.paragraph(&say::how(sheet.language));
        page.paragraph(&replace);
        page.by_hand(sheet);
        Zeroizing::new(page.content.finish().into_vec())
    }

    fn title(&mut self, title: &str) {
        self.y -= TITLE;
        self.text(BOLD, TITLE, INK, LEFT, self.y, title);
        self.y -= GAP;
        self.content
            .set_line_width(1.5)
            .set_stroke_gray(INK)
            .move_to(LEFT, self.y)
            .line_to(LEFT + ROOM, self.y)
            .stroke();
    }

    fn facts(&mut self, sheet: &Sheet<'_>) {
        self.y -= GAP / 2.0;
        for (name, value) in sheet.facts() {
            let top = self.y - FACT * LEADING;
            self.text(PLAIN, FACT, FAINT, LEFT, top, &name);
            self.block(FACT, VALUES, &value);
        }
    }

    fn paragraph(&mut self, text: &str) {
        self.y -= GAP;
        self.block(TEXT, LEFT, text);
    }

    /// Lines from `x` to the right margin.
    fn block(&mut self, size: f32, x: f32, text: &str) {
        for line in lines(text, LEFT + ROOM - x, |c| size * width(c)) {
            self.y -= size * LEADING;
            self.text(PLAIN, size, INK, x, self.y, &line);
        }
    }

    fn words(&mut self, sheet: &Sheet<'_>) {
        self.y -= GAP;
        let mut x = LEFT;
        for (number, word) in sheet.numbered() {
            if number % COLUMNS == 1 {
                x = LEFT;
                self.y -= BOX_HEIGHT;
            }
            let size = if word.is_ascii() {
                ENGLISH_WORD
            } else {
                CHINESE_WORD
            };
            self.content
                .set_line_width(0.75)
                .set_stroke_gray(FAINT)
                .rect(x, self.y, BOX_WIDTH, BOX_HEIGHT)
                .stroke();
            self.text(
                PLAIN,
                SMALL,
                FAINT,
                x + 5.0,
                self.y + BOX_HEIGHT - 13.0,
                &number.to_string(),
            );
            self.text(
                WORD,
                size,
                INK,
                x + 24.0,
                self.y + (BOX_HEIGHT - 0.7 * size) / 2.0,
                word,
            );
            x += BOX_WIDTH;
        }
    }

    /// Two lines to write on, at the foot.
    fn by_hand(&mut self, sheet: &Sheet<'_>) {
        let fields = [
            (LEFT, LEFT + 0.66 * ROOM, say::tested(sheet.language)),
            (LEFT + 0.7 * ROOM, LEFT + ROOM, say::initials(sheet.language)),
        ];
        for (from, to, name) in fields {
            let named: f32 = name.chars().map(|c| FACT * width(c)).sum();
            self.text(PLAIN, FACT, INK, from, BOTTOM, &name);
            self.content
                .set_line_width(0.75)
                .set_stroke_gray(INK)
                .move_to(from + named + 6.0, BOTTOM - 3.0)
                .line_to(to, BOTTOM - 3.0)
                .stroke();
        }
    }

    fn text(&mut self, font: Name<'_>, size: f32, gray: f32, x: f32, y: f32, text: &str) {
        self.content.begin_text().set_fill_gray(gray).next_line(x, y);
        for (script, bytes) in runs(text) {
            let bytes = Zeroizing::new(bytes);
            let font = match script {
                Script::Latin => font,
                Script::Han => CHINESE,
            };
            self.content.set_font(font, size).show(Str(&bytes));
        }
        self.content.end_text();
    }
}
