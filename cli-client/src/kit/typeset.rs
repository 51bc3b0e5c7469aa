//! Lines of text: where they end, which font shows which part, and how wide that is.

use std::iter::once;

use unicode_normalization::UnicodeNormalization as _;

/// Windows code page 1252 (PDF's WinAnsiEncoding) from 0x80 to 0x9F; U+FFFD where it has nothing.
const WIN_ANSI_80: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}',
    '\u{fffd}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{fffd}', 'ž', 'Ÿ',
];

/// How wide Helvetica is, in thousandths of its size, from 0x20 to 0x7E (Adobe Font Metrics for the 14 core fonts).
const HELVETICA: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, // space to /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
];

/// Which font shows a run of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// What WinAnsiEncoding has, one byte for each character.
    Latin,
    /// Everything else, as UTF-16.
    Han,
}

/// Text in parts that one font shows each, encoded for it. Composed first (NFC): the fonts have é, and no accent alone.
/// A letter that neither has loses its accent, and what is left then is a question mark.
pub fn runs(text: &str) -> Vec<(Script, Vec<u8>)> {
    let mut runs: Vec<(Script, Vec<u8>)> = Vec::new();
    let mut chars = text.nfc().map(printable).peekable();
    while let Some(c) = chars.next() {
        // Both fonts have “ and …: each looks right among its own.
        let neighbour = match (c, runs.last()) {
            ('‘' | '“', _) => chars.peek().is_some_and(|next| win_ansi(*next).is_none()),
            (_, Some((script, _))) => *script == Script::Han,
            (_, None) => false,
        };
        let (script, bytes) = match win_ansi(c) {
            Some(byte) if !(is_shared(c) && neighbour) => (Script::Latin, vec![byte]),
            _ => {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units).iter();
                (Script::Han, units.flat_map(|unit| unit.to_be_bytes()).collect())
            }
        };
        match runs.last_mut() {
            Some((last, run)) if *last == script => run.extend(bytes),
            _ => runs.push((script, bytes)),
        }
    }
    runs
}

/// How wide a character is in Helvetica or the Chinese font, as a part of its size; never less than it is.
pub fn width(c: char) -> f32 {
    let ascii = u32::from(c)
        .checked_sub(0x20)
        .and_then(|at| HELVETICA.get(at as usize));
    f32::from(ascii.copied().unwrap_or(1000)) / 1000.0
}

/// Text in lines no wider than `room`, by the width of its characters. Lines end at spaces and around Chinese characters,
/// but not before a closing mark or after an opening one; what has no such place is cut.
pub fn lines(text: &str, room: f32, width: impl Fn(char) -> f32) -> Vec<String> {
    let wide = |text: &str| text.chars().map(&width).sum::<f32>();
    let mut lines = vec![String::new()];
    for piece in pieces(text) {
        let mut line = lines.pop().unwrap_or_default();
        if !line.is_empty() && wide(&line) + wide(piece.trim_end()) > room {
            lines.push(std::mem::take(&mut line));
        }
        for c in piece.chars() {
            if c != ' ' && !line.is_empty() && wide(&line) + width(c) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
        lines.push(line);
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Text in parts that stay together.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let pairs = rest.char_indices().zip(rest.chars().skip(1));
        let end = pairs
            .filter(|((_, before), after)| may_end_between(*before, *after))
            .map(|((at, before), _)| at + before.len_utf8())
            .next()
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn may_end_between(before: char, after: char) -> bool {
    if before == ' ' {
        return after != ' ';
    }
    let closing = matches!(
        after,
        ' ' | '，' | '。' | '、' | '；' | '：' | '！' | '？' | '”' | '’' | '）' | '…'
    );
    let opening = matches!(before, '“' | '‘' | '（');
    (is_han(before) || is_han(after)) && !closing && !opening
}

/// A character as one of the two fonts can show it.
fn printable(c: char) -> char {
    let base = match c {
        'Ł' => 'L',
        'ł' => 'l',
        'Đ' => 'D',
        'đ' => 'd',
        'ı' => 'i',
        _ => once(c).nfd().next().unwrap_or(c),
    };
    if win_ansi(c).is_none() && win_ansi(base).is_some() {
        base
    } else if is_beyond(c) {
        '?'
    } else {
        c
    }
}

/// What Adobe-GB1 has nothing of: scripts from Armenian to the symbols, Hangul, private use, Arabic forms, and everything
/// that UTF-16 needs two units for.
const fn is_beyond(c: char) -> bool {
    matches!(c, '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{300}'..='\u{36f}' | '\u{530}'..='\u{1fff}'
        | '\u{ac00}'..='\u{f8ff}' | '\u{fb00}'..='\u{fe2f}' | '\u{fe70}'..='\u{feff}' | '\u{fff0}'..)
}

/// Ideographs, kana, Hangul, and their punctuation.
const fn is_han(c: char) -> bool {
    c >= '\u{2e80}'
}

/// Punctuation that both scripts use.
const fn is_shared(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2027}' | '·')
}

/// The byte that shows a character in WinAnsiEncoding.
fn win_ansi(c: char) -> Option<u8> {
    match c {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).ok(),
        '\u{fffd}' => None,
        _ => (0x80..)
            .zip(WIN_ANSI_80)
            .find(|(_, has)| *has == c)
            .map(|(byte, _)| byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_goes_to_the_font_that_has_it() {
        use Script::{Han, Latin};
        let split = |text| -> Vec<(Script, Vec<u8>)> { runs(text) };
        assert_eq!(split("Zoë"), [(Latin, b"Zo\xeb".to_vec())]);
        assert_eq!(
            split("Zoe\u{308}"),
            [(Latin, b"Zo\xeb".to_vec())],
            "composed first"
        );
        assert_eq!(split("€ “x”…"), [(Latin, b"\x80 \x93x\x94\x85".to_vec())]);
        assert_eq!(
            split("Dr 李"),
            [(Latin, b"Dr ".to_vec()), (Han, vec![0x67, 0x4e])]
        );
        assert_eq!(
            split("李…x"),
            [(Han, vec![0x67, 0x4e, 0x20, 0x26]), (Latin, b"x".to_vec())]
        );
        assert_eq!(
            split("（“x”。"),
            [
                (Han, vec![0xff, 0x08]),
                (Latin, b"\x93x\x94".to_vec()),
                (Han, vec![0x30, 0x02])
            ]
        );
        assert_eq!(split("“李”").len(), 1, "quoted in its own font");
        assert_eq!(split("Łukasz Nguyễn"), [(Latin, b"Lukasz Nguyen".to_vec())]);
        assert_eq!(split("Ян"), [(Han, vec![0x04, 0x2f, 0x04, 0x3d])]);
        assert_eq!(
            split("𠮷 김 لي \u{fffd}\u{301}"),
            [(Latin, b"? ? ?? ??".to_vec())]
        );
        assert_eq!(split(""), []);
    }

    #[test]
    fn lines_end_where_readers_expect_them_to() {
        let broken = |text, room| lines(text, room, |c| if c < '\u{2e80}' { 1.0 } else { 2.0 });
        assert_eq!(broken("to have and to hold", 8.0), ["to have", "and to", "hold"]);
        assert_eq!(
            broken("不要拍照，不要发送。", 8.0),
            ["不要拍", "照，不要", "发送。"]
        );
        assert_eq!(broken("运行（甲）", 6.0), ["运行", "（甲）"]);
        assert_eq!(
            broken("abcdefgh i", 3.0),
            ["abc", "def", "gh", "i"],
            "no place to end"
        );
        assert_eq!(broken("", 3.0), [""]);
        assert_eq!(broken("ab", 0.0), ["a", "b"], "no room at all");
    }
}
