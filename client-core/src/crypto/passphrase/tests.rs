use PassphraseFault::{Common, Predictable, TooLong, TooShort};

use super::*;

fn judge(text: &str) -> Result<(), PassphraseFault> {
    Passphrase::new(text, &["Ruth Vandermeer", "Harborview Counseling"]).map(|_| ())
}

#[test]
fn ordinary_good_passphrases_are_accepted() {
    for good in [
        "seven lanterns over the quiet harbor",
        "walnut tractor opera mitten",
        "mary had 3 goats",
        "my dog hates tuesdays",
        "x#9-k!2-p@7-q$4",
        "kF9vR2mQx7LpZ4w",
        "welcome the otter at dawn",
        "быстрый зонт и семь кошек",
        "紫色の傘が七つ並んでいる静かな港",
        "a passphrase about purple gravel",
    ] {
        assert_eq!(judge(good), Ok(()), "{good}");
    }
}

#[test]
fn length_is_counted_in_characters_and_bounded_in_bytes() {
    assert_eq!(judge("kF9vR2mQx7LpZ4"), Err(TooShort(14)));
    assert_eq!(
        judge("öäüßéèêçñøåæœþ"),
        Err(TooShort(14)),
        "27 bytes or more, but 14 characters"
    );
    assert_eq!(judge("öäüßéèêçñøåæœþð"), Ok(()));
    assert_eq!(judge(""), Err(TooShort(0)));
    let words: String = (0..400).map(|n| format!("{} ", n * 7919)).collect();
    assert_eq!(judge(&words[..MAX_PASSPHRASE_BYTES]), Ok(()));
    assert_eq!(judge(&words[..MAX_PASSPHRASE_BYTES + 1]), Err(TooLong));
}

#[test]
fn well_known_passphrases_are_refused_however_they_are_written() {
    for common in [
        "correct horse battery staple",
        "CorrectHorseBatteryStaple",
        "Correct-Horse-Battery-Staple!!",
        "To have and to hold",
        "'Til death do us part.",
        "and thereto I plight thee my troth",
    ] {
        assert_eq!(judge(common), Err(Common), "{common}");
    }
}

#[test]
fn patterns_are_refused() {
    for predictable in [
        "aaaaaaaaaaaaaaaaaaaa",
        "                    ",
        "!!!!!!!!!!!!!!!!!!!!",
        "123456789012345",
        "987654321098765",
        "abcdefghijklmnopqrstuvwxyz",
        "abcabcabcabcabcabc",
        "dogdogdogdogdog!!",
        "sunflowersunflower",
        "qwertyuiopasdfghjkl",
        "1qaz2wsx3edc4rfv",
        "poiuytrewqlkjhgf",
        "!@#$%^&*()!@#$%^&*()",
        "Password1234567!",
        "P@$$w0rd1234567!",
        "p-a-s-s-w-o-r-d-1",
        "Welcome2Troth2026",
        "troth-troth-troth-troth",
        "Marriage Counseling 123",
        "Ruth Vandermeer 1",
        "harborviewcounseling2026",
        "adminadminadminadmin",
    ] {
        assert!(
            matches!(judge(predictable), Err(Predictable | Common)),
            "{predictable}: {:?}",
            judge(predictable)
        );
    }
}

#[test]
fn the_blocklist_is_long_and_none_of_it_passes() {
    assert!(BLOCKLIST.lines().count() >= 200);
    for line in BLOCKLIST.lines() {
        assert!(
            line.chars().count() >= MIN_PASSPHRASE_CHARS,
            "{line} is refused for its length already"
        );
        assert_eq!(judge(line), Err(Common), "{line}");
    }
}

#[test]
fn no_message_tells_the_passphrase() {
    let secret = "Password1234567!";
    let told = format!("{} {:?}", judge(secret).unwrap_err(), judge(secret));
    assert!(!told.contains("1234567"));
    let good = Passphrase::new("walnut tractor opera mitten", &[]).unwrap();
    assert_eq!(format!("{good:?}"), "Passphrase(secret)");
}
