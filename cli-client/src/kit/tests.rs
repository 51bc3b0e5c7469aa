use jiff::civil::date;
use unicode_width::UnicodeWidthStr as _;

use super::*;

/// Words of every length that the English list has, none of them a secret.
pub(super) const ENGLISH: [&str; 24] = [
    "act", "abandon", "zoo", "ability", "umbrella", "vivid", "can", "whisper", "sister", "before", "faculty",
    "lumber", "effort", "size", "play", "barrel", "quiz", "advice", "apart", "segment", "matrix", "lab",
    "isolate", "suffer",
];

pub(super) const CHINESE: [&str; 24] = [
    "锁", "只", "钢", "卡", "固", "牲", "呈", "或", "缝", "对", "起", "邓", "迎", "伊", "岁", "姆", "园",
    "玩", "速", "雄", "依", "烘", "称", "势",
];

pub(super) fn english() -> Sheet<'static> {
    Sheet {
        words: &ENGLISH,
        practice: "Willow & Stone Counseling",
        member: "Zoë Łukasz-李",
        relay: "https://relay.example:8787",
        made: date(2026, 8, 9),
        device: DeviceId([0xa7; 32]),
        language: Language::English,
    }
}

pub(super) fn chinese() -> Sheet<'static> {
    Sheet {
        words: &CHINESE,
        practice: "柳石婚姻咨询 Willow",
        member: "欧阳静怡",
        language: Language::Chinese,
        ..english()
    }
}

#[test]
fn the_terminal_shows_a_grid_that_lines_up() {
    let text = english().terminal(80);
    let grid: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(['┌', '│', '└']))
        .collect();
    assert_eq!(
        grid[..3],
        [
            "┌──────────────┬──────────────┬──────────────┬──────────────┐",
            "│  1 act       │  2 abandon   │  3 zoo       │  4 ability   │",
            "│  5 umbrella  │  6 vivid     │  7 can       │  8 whisper   │",
        ]
    );
    assert_eq!(grid.len(), 8);
    assert_eq!(
        grid[7],
        "└──────────────┴──────────────┴──────────────┴──────────────┘"
    );
}

#[test]
fn chinese_words_line_up_by_their_width_on_the_screen() {
    let text = chinese().terminal(80);
    let grid: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(['┌', '│', '└']))
        .collect();
    assert_eq!(grid[1], "│  1 锁  │  2 只  │  3 钢  │  4 卡  │");
    assert!(grid.iter().all(|line| line.width() == grid[0].width()));
}

#[test]
fn the_terminal_says_whose_it_is_and_what_it_is_for() {
    for sheet in [english(), chinese()] {
        let text = sheet.terminal(80);
        for what in [
            sheet.practice,
            sheet.member,
            sheet.relay,
            "2026-08-09",
            "a7a7a7a7a7a7a7a7",
        ] {
            assert!(text.contains(what), "{what} in\n{}", text.as_str());
        }
        let flowing = text.replace('\n', " ");
        assert!(flowing.contains("troth recovery use"), "{flowing}");
        assert!(
            flowing.contains("troth device revoke a7a7a7a7a7a7a7a7"),
            "{flowing}"
        );
    }
}

#[test]
fn no_line_is_wider_than_the_terminal_and_all_words_are_there_in_order() {
    for width in [200, 80, 57, 40, 30, 20] {
        for sheet in [english(), chinese()] {
            let text = sheet.terminal(width);
            let (_, from_grid) = text.split_once('┌').unwrap();
            assert!(
                from_grid.lines().all(|line| line.width() <= width.min(80)),
                "{width}\n{}",
                text.as_str()
            );
            let (grid, _) = from_grid.split_once('└').unwrap();
            let words: Vec<&str> = grid
                .split(|c: char| !c.is_alphabetic())
                .filter(|word| !word.is_empty())
                .collect();
            assert_eq!(words, sheet.words, "{width}");
        }
    }
}

#[test]
fn names_can_neither_steer_the_terminal_nor_fill_the_page() {
    let long = "長".repeat(1000);
    let sheet = Sheet {
        practice: &long,
        member: "An\n\u{1b}[2JLee\u{202e}",
        ..english()
    };
    let text = sheet.terminal(80);
    assert!(text.contains("An \u{fffd}[2JLee\u{fffd}"), "{}", text.as_str());
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert_eq!(text.matches('長').count(), MAX_NAME - 1);
    assert!(text.contains("長…"));
}
