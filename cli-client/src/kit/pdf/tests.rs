use hayro_syntax::content::ops::TypedInstruction;
use hayro_syntax::object::{Array, Dict, Name};

use super::*;
use crate::kit::tests::{chinese, english};

/// A piece of text as a reader finds it: font, size, lower left corner, and what it says.
#[derive(Debug)]
struct Shown {
    font: String,
    at: (f64, f64),
    text: String,
}

/// The page's texts, in the order they are drawn, by a reader that is not the writer.
fn shown(pdf: &[u8]) -> Vec<Shown> {
    let pdf = hayro_syntax::Pdf::new(pdf.to_vec()).expect("a PDF");
    assert_eq!(pdf.pages().len(), 1);
    let page = &pdf.pages()[0];
    let (mut font, mut at, mut texts) = (String::new(), (0.0, 0.0), Vec::new());
    let mut operations = page.typed_operations();
    while let Some(operation) = operations.next() {
        match operation {
            TypedInstruction::NextLine(to) => at = (to.0.as_f64(), to.1.as_f64()),
            TypedInstruction::TextFont(named) => font = named.0.as_str().to_owned(),
            TypedInstruction::ShowText(bytes) => {
                let bytes = bytes.0.as_bytes();
                let text = if font == "Chinese" {
                    utf16(bytes)
                } else {
                    latin(bytes)
                };
                texts.push(Shown {
                    font: font.clone(),
                    at,
                    text,
                });
            }
            _ => {}
        }
    }
    texts
}

fn utf16(bytes: &[u8]) -> String {
    let (units, rest) = bytes.as_chunks::<2>();
    assert!(rest.is_empty());
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16(&units).expect("UTF-16")
}

/// Latin-1, and the quotation marks of WinAnsiEncoding.
fn latin(bytes: &[u8]) -> String {
    let char = |byte: &u8| match byte {
        0x93 => '“',
        0x94 => '”',
        byte => char::from(*byte),
    };
    bytes.iter().map(char).collect()
}

fn all_text(shown: &[Shown]) -> String {
    shown.iter().map(|shown| shown.text.as_str()).collect()
}

#[test]
fn a_reader_finds_the_words_with_their_numbers_in_order() {
    for sheet in [english(), chinese()] {
        let shown = shown(&sheet.pdf());
        let first = shown
            .iter()
            .position(|shown| shown.text == "1")
            .expect("the first number");
        let grid: Vec<&str> = shown[first..first + 48]
            .iter()
            .map(|shown| shown.text.as_str())
            .collect();
        let numbers: Vec<String> = (1..=24).map(|number: u8| number.to_string()).collect();
        let expected: Vec<&str> = numbers
            .iter()
            .map(String::as_str)
            .zip(sheet.words.iter().copied())
            .flat_map(|(number, word)| [number, word])
            .collect();
        assert_eq!(grid, expected);
        let font = if sheet.language == Language::English {
            "Word"
        } else {
            "Chinese"
        };
        assert!(
            shown[first..first + 48]
                .iter()
                .skip(1)
                .step_by(2)
                .all(|word| word.font == font)
        );
    }
}

#[test]
fn what_is_copied_from_the_page_is_the_kit_again() {
    use troth_client_core::crypto::{Kit, WordList};
    let kit = Kit::generate(&mut rand::rng());
    for list in [WordList::English, WordList::Chinese] {
        let text = kit.words(list);
        let words: Vec<&str> = text.split(' ').collect();
        let shown = shown(
            &Sheet {
                words: &words,
                ..english()
            }
            .pdf(),
        );
        let first = shown
            .iter()
            .position(|shown| shown.text == "1")
            .expect("the first number");
        let copied: Vec<&str> = shown[first..first + 48]
            .iter()
            .map(|shown| shown.text.as_str())
            .collect();
        assert!(Kit::parse(&copied.join("\n")).unwrap() == kit);
    }
}

#[test]
fn the_page_says_whose_it_is_and_how_to_use_it() {
    for sheet in [english(), chinese()] {
        let text = all_text(&shown(&sheet.pdf()));
        let member = sheet.member.replace('Ł', "L");
        for what in [
            sheet.practice,
            &member,
            sheet.relay,
            "2026-08-09",
            "a7a7a7a7a7a7a7a7",
        ] {
            assert!(text.contains(what), "{what} in {text}");
        }
        let solid = text.replace(' ', "");
        for what in [
            "trothrecoveryuse",
            "trothrecoverytest",
            "trothrecoverykit",
            "trothdevicerevokea7a7a7a7a7a7a7a7",
        ] {
            assert!(solid.contains(what), "{what} in {text}");
        }
    }
}

#[test]
fn everything_stays_within_margins_that_fit_a4_and_letter() {
    let long = "長い名前".repeat(100);
    let wide = "W".repeat(400);
    for base in [english, chinese] {
        for name in ["An", &long, &wide] {
            let sheet = Sheet {
                practice: name,
                member: name,
                relay: name,
                ..base()
            };
            let shown = shown(&sheet.pdf());
            let (foot, body): (Vec<&Shown>, Vec<&Shown>) = shown
                .iter()
                .partition(|shown| shown.at.1 <= f64::from(page::BOTTOM));
            assert!(
                !foot.is_empty() && foot.iter().all(|shown| (60.0..80.0).contains(&shown.at.1)),
                "{foot:?}"
            );
            // Above what is written by hand, and below the edge of Letter paper wherever it lies on the page.
            for shown in body {
                assert!((90.0..760.0).contains(&shown.at.1), "{shown:?}");
                assert!((50.0..545.0).contains(&shown.at.0), "{shown:?}");
            }
        }
    }
}

#[test]
fn the_fonts_are_the_ones_that_viewers_have() {
    let pdf = hayro_syntax::Pdf::new(chinese().pdf().to_vec()).expect("a PDF");
    let resources = pdf.pages()[0].resources();
    let font = |name: &[u8]| resources.get_font(&Name::new_unescaped(name)).expect("a font");
    let named = |dict: &Dict<'_>, key: &str| dict.get::<Name<'_>>(key).expect("a name").as_str().to_owned();
    for (name, base) in [
        ("Plain", "Helvetica"),
        ("Bold", "Helvetica-Bold"),
        ("Word", "Courier-Bold"),
    ] {
        let font = font(name.as_bytes());
        assert_eq!(named(&font, "BaseFont"), base);
        assert_eq!(named(&font, "Encoding"), "WinAnsiEncoding");
    }
    let chinese = font(b"Chinese");
    assert_eq!(named(&chinese, "Subtype"), "Type0");
    assert_eq!(named(&chinese, "Encoding"), "UniGB-UTF16-H");
    let glyphs = chinese.get::<Array<'_>>("DescendantFonts").expect("fonts");
    let glyphs = glyphs.iter::<Dict<'_>>().next().expect("a font");
    assert_eq!(named(&glyphs, "BaseFont"), "STSong-Light");
    let metrics = glyphs.get::<Dict<'_>>("FontDescriptor").expect("metrics");
    assert_eq!(named(&metrics, "FontName"), "STSong-Light");
    for embedded in ["FontFile", "FontFile2", "FontFile3"] {
        assert!(!metrics.contains_key(embedded));
    }
}
