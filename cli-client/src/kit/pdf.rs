//! The sheet as a PDF (ISO 32000): one page and four fonts, none of which is in the file. Every viewer brings the Latin ones
//! (section 9.6.2.2), and stands in a font of its own for the Chinese one, which is named with the character collection and
//! encoding that it needs for that (section 9.7.5.2). A name in letters that neither has, Arabic say, becomes
//! question marks: the kit's id on the sheet still tells whose it is.
//!
//! Nothing is compressed, so that what the page says can be searched for.

mod page;

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::writers::Resources;
use pdf_writer::{Finish as _, Name, Pdf, Rect, Ref, Str, TextStr};
use zeroize::Zeroizing;

use super::Sheet;
use crate::language::Language;
use crate::messages::kit as say;
use page::Page;

/// A4, in points.
const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
const CHINESE: Ref = Ref::new(6);
const CHINESE_GLYPHS: Ref = Ref::new(7);
const CHINESE_METRICS: Ref = Ref::new(8);

/// The fonts that show WinAnsiEncoding: how the page calls them, where they stand, what they are.
const LATIN: [(Name<'static>, Ref, Name<'static>); 3] = [
    (page::PLAIN, Ref::new(9), Name(b"Helvetica")),
    (page::BOLD, Ref::new(10), Name(b"Helvetica-Bold")),
    (page::WORD, Ref::new(11), Name(b"Courier-Bold")),
];

impl Sheet<'_> {
    /// The sheet as a PDF of one A4 page. Its margins leave room for printers that put it on Letter paper, 50 points
    /// shorter, without scaling it.
    pub fn pdf(&self) -> Zeroizing<Vec<u8>> {
        let content = Page::of(self);
        // Room for all of it, so that no copy of the words is left behind by growing.
        let mut pdf = Pdf::with_capacity(content.len() + 16 * 1024);
        let lang = match self.language {
            Language::English => "en",
            Language::Chinese => "zh-Hans",
        };
        pdf.catalog(CATALOG).pages(PAGES).lang(TextStr(lang));
        pdf.document_info(INFO)
            .title(TextStr(&format!("Troth: {}", say::title(self.language))));
        pdf.pages(PAGES).kids([PAGE]).count(1);
        let mut page = pdf.page(PAGE);
        page.parent(PAGES)
            .media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT))
            .contents(CONTENT);
        name_fonts(&mut page.resources());
        page.finish();
        pdf.stream(CONTENT, &content);
        for (_, id, base) in LATIN {
            pdf.type1_font(id)
                .base_font(base)
                .encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        chinese(&mut pdf);
        Zeroizing::new(pdf.finish())
    }
}

fn name_fonts(resources: &mut Resources<'_>) {
    let mut fonts = resources.fonts();
    for (name, id, _) in LATIN {
        fonts.pair(name, id);
    }
    fonts.pair(page::CHINESE, CHINESE);
}

/// STSong-Light in Adobe-GB1, the one that viewers substitute for simplified Chinese; UTF-16 goes in as it is.
fn chinese(pdf: &mut Pdf) {
    let base = Name(b"STSong-Light");
    pdf.type0_font(CHINESE)
        .base_font(Name(b"STSong-Light-UniGB-UTF16-H"))
        .encoding_predefined(Name(b"UniGB-UTF16-H"))
        .descendant_font(CHINESE_GLYPHS);
    pdf.cid_font(CHINESE_GLYPHS)
        .subtype(CidFontType::Type0)
        .base_font(base)
        .system_info(SystemInfo {
            registry: Str(b"Adobe"),
            ordering: Str(b"GB1"),
            supplement: 4,
        })
        .font_descriptor(CHINESE_METRICS)
        .default_width(1000.0);
    // What Adobe's font of this name has.
    pdf.font_descriptor(CHINESE_METRICS)
        .name(base)
        .flags(FontFlags::SERIF | FontFlags::SYMBOLIC)
        .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
        .italic_angle(0.0)
        .ascent(880.0)
        .descent(-120.0)
        .cap_height(880.0)
        .stem_v(93.0);
}

#[cfg(test)]
mod tests;
