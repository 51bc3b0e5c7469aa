use proptest::prelude::*;

use super::*;

fn kit() -> Kit {
    Kit::generate(&mut rand::rng())
}

/// The kit of all zeros: 23 times "abandon", and "art".
fn zeros() -> Kit {
    Kit(Box::new(Zeroizing::new([0; 32])))
}

fn refusal(text: &str) -> KitError {
    Kit::parse(text).expect_err("it is no kit")
}

#[test]
fn a_kit_survives_being_written_down_in_either_language() {
    let kit = kit();
    let english = kit.words(WordList::English);
    let chinese = kit.words(WordList::Chinese);
    assert_eq!(english.split(' ').count(), WORDS);
    assert_eq!(chinese.split(' ').count(), WORDS);
    assert_ne!(*english, *chinese);
    assert!(Kit::parse(&english).unwrap() == kit);
    assert!(Kit::parse(&chinese).unwrap() == kit);
}

#[test]
fn a_kit_survives_being_typed_sloppily() {
    let kit = kit();
    let text = kit.words(WordList::English);
    let words: Vec<&str> = text.split(' ').collect();
    let numbered = |before: &str, after: &str| -> String {
        let lines = words.iter().enumerate();
        lines
            .map(|(at, word)| format!("{before}{}{after}{word}\n", at + 1))
            .collect()
    };
    let full_width = |c: char| match c {
        ' ' => '\u{3000}',
        c => char::from_u32(u32::from(c) - 0x20 + 0xff00).unwrap(),
    };
    for typed in [
        text.to_uppercase(),
        words.join("\r\n\t "),
        words.join(", "),
        words.join("，"),
        words.join("\u{a0}"),
        numbered("", ". "),
        numbered("│ ", "  "),
        numbered("", ")"),
        numbered("", ""),
        text.chars().map(full_width).collect(),
        words
            .iter()
            .map(|w| format!("{} ", &w[..w.len().min(4)]))
            .collect(),
        words
            .iter()
            .map(|w| format!("\u{feff}{}\u{301}\u{ad} ", w))
            .collect(),
    ] {
        assert!(Kit::parse(&typed).unwrap() == kit, "{typed}");
    }

    let text = kit.words(WordList::Chinese);
    let words: Vec<&str> = text.split(' ').collect();
    let lines = words.iter().enumerate();
    let numbered: String = lines.map(|(at, word)| format!("{}．{word}　", at + 1)).collect();
    for typed in [words.concat(), words.join("、"), words.join("\u{3000}"), numbered] {
        assert!(Kit::parse(&typed).unwrap() == kit, "{typed}");
    }
}

#[test]
fn a_wrong_word_is_named_with_its_number_and_what_it_was_meant_to_be() {
    let with = |third: &str| {
        let text = zeros().words(WordList::English);
        let mut words: Vec<&str> = text.split(' ').collect();
        words[2] = third;
        refusal(&words.join(" "))
    };
    let wrong = |word: &str, nearest: &[&'static str]| KitError::NotAWord {
        number: 3,
        word: word.to_owned(),
        nearest: nearest.to_vec(),
    };
    assert_eq!(with("abandn"), wrong("abandn", &["abandon"]));
    assert_eq!(with("ABADNON"), wrong("abadnon", &["abandon"]));
    assert_eq!(with("aband0n"), wrong("aband0n", &["abandon"]));
    assert_eq!(with("lake"), KitError::Checksum, "another word of the list");
    assert_eq!(with("lamb"), wrong("lamb", &["lab", "lamp"]));
    assert_eq!(with("aba"), wrong("aba", &[]), "three letters tell nothing");
    assert_eq!(with("xylophone"), wrong("xylophone", &[]));
    assert_eq!(with("的"), wrong("的", &[]));
    assert_eq!(
        with("abandn").to_string(),
        "word 3, \"abandn\", is not in the list (perhaps \"abandon\"): look at the sheet again"
    );
    assert_eq!(
        with("lamb").to_string(),
        "word 3, \"lamb\", is not in the list (perhaps \"lab\" or \"lamp\"): look at the sheet again"
    );

    let text = zeros()
        .words(WordList::Chinese)
        .replace("的 的 的 的", "的 的 的 電");
    assert_eq!(
        refusal(&text),
        KitError::NotAWord {
            number: 4,
            word: "電".to_owned(),
            nearest: Vec::new(),
        }
    );
}

#[test]
fn a_refusal_never_repeats_the_kit() {
    let text = kit().words(WordList::English).replace(' ', "");
    let error = refusal(&text);
    let KitError::NotAWord {
        number,
        word,
        nearest,
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!((*number, nearest.as_slice()), (1, [].as_slice()));
    assert_eq!(*word, format!("{}…", &text[..10]));
}

#[test]
fn missing_and_superfluous_words_are_counted() {
    let text = zeros().words(WordList::English);
    let (short, _) = text.rsplit_once(' ').unwrap();
    assert_eq!(refusal(short), KitError::Count(23));
    assert_eq!(refusal(&format!("{} art", text.as_str())), KitError::Count(25));
    assert_eq!(refusal(""), KitError::Count(0));
    assert_eq!(refusal(" 1. 2. … "), KitError::Count(0));
    assert_eq!(refusal(&"a".repeat(MAX_KIT_TEXT + 1)), KitError::TooLong);
    assert_eq!(Kit::count(short), Ok(23));
    assert_eq!(Kit::count(&text), Ok(24));
    assert_eq!(
        Kit::count(&format!("{} art", text.as_str())),
        Err(KitError::Count(25))
    );
}

#[test]
fn another_word_or_another_order_does_not_fit() {
    let text = zeros().words(WordList::English);
    assert!(text.ends_with("abandon art"));
    assert_eq!(refusal(&text.replace("art", "zoo")), KitError::Checksum);
    assert_eq!(
        refusal(&text.replace("abandon art", "art abandon")),
        KitError::Checksum
    );
}

#[test]
fn a_kit_is_one_device_and_no_other() {
    let kit = kit();
    let device = kit.device();
    let again = Kit::parse(&kit.words(WordList::Chinese)).unwrap().device();
    assert_eq!(device.keys, again.keys);
    assert!(device.general == again.general && device.sensitive == again.sensitive);
    assert!(device.general != device.sensitive);
    assert!(kit.is(&device.id()));
    assert!(!kit.is(&zeros().device().id()));
    for at in 0..DeviceId::LEN {
        let mut other = device.id();
        other.0[at] ^= 1;
        assert!(!kit.is(&other), "byte {at}");
    }
}

#[test]
fn a_kit_signs_for_one_practice_and_member() {
    let device = kit().device();
    let (practice, member) = (PracticeId([1; 32]), MemberId([2; 16]));
    let proof = device.proof(&practice, &member);
    assert_eq!(proof, device.proof(&practice, &member));
    let holds = |practice, member: MemberId| {
        let key = &device.keys.signing;
        proof
            .verify(key, labels::DEVICE_PROOF, &practice, member.as_bytes())
            .is_ok()
    };
    assert!(holds(practice, member));
    assert!(!holds(PracticeId([3; 32]), member));
    assert!(!holds(practice, MemberId([3; 16])));
}

#[test]
fn a_kit_is_not_printed_by_accident() {
    let kit = kit();
    assert_eq!(
        format!("{kit:?} {:?}", kit.device()),
        "Kit(secret) KitDevice(secret)"
    );
}

proptest! {
    #[test]
    fn no_text_makes_reading_panic(text in any::<String>()) {
        let _ = Kit::parse(&text);
        let _ = Kit::count(&text);
    }

    #[test]
    fn words_and_noise_are_read_or_refused(
        words in prop::collection::vec("(abandon|art|zoo|的|歇|1\\.|ab|\u{fdfa}|ｚｏｏ|[a-z]{1,9})[ ,、\\n]?", 0..40),
    ) {
        let text = words.concat();
        if let Ok(kit) = Kit::parse(&text) {
            prop_assert!(Kit::parse(&kit.words(WordList::Chinese)).unwrap() == kit);
        }
    }
}
