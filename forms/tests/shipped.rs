//! The forms that come with Troth: read without a warning, in both languages, and scored as their authors published.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must stop"
)]

use troth_forms::questionnaire::Kind;
use troth_forms::shipped::{SHIPPED, find};
use troth_forms::value::Value;
use troth_forms::{Checked, Questionnaire, Response, Sheet};

fn form(name: &str) -> Questionnaire {
    find(name).unwrap().unwrap()
}

/// Every required choice answered by the option that counts `ordinal(link id, the most it could count)`.
fn scored(form: &Questionnaire, ordinal: impl Fn(&str, f64) -> f64) -> Response {
    let mut response = Response::start(form, "en");
    for row in Sheet::lay(form, &response.clone()).rows() {
        let Kind::Question(question) = &row.item().kind else {
            continue;
        };
        let most = question.asks.choices().iter().filter_map(|c| c.ordinal).max();
        let Some(most) = most else { continue };
        let wanted = ordinal(&row.item().link_id, most.get());
        let choice = question
            .asks
            .choices()
            .iter()
            .find(|c| c.ordinal.unwrap().get() == wanted);
        assert!(response.set(form, row.path(), vec![choice.unwrap().value.clone()]));
    }
    response.complete(form, None)
}

/// Ones and threes and so on until a sum is reached.
fn summing(form: &Questionnaire, sum: f64) -> Response {
    let left = std::cell::Cell::new(sum);
    let response = scored(form, |_, most| {
        let now = left.get().min(most);
        left.set(left.get() - now);
        now
    });
    assert_eq!(left.get(), 0.0);
    response
}

fn band(name: &str, sum: f64) -> (f64, f64, f64, String) {
    let form = form(name);
    let checked = Checked::check(&form, summing(&form, sum)).unwrap();
    let [score] = &checked.scores()[..] else {
        panic!("one score")
    };
    assert!(score.source.contains("doi:"));
    (
        score.value.get(),
        score.least.get(),
        score.most.get(),
        score.band.plain.clone(),
    )
}

#[test]
fn each_is_read_without_a_warning_and_says_everything_in_both_languages() {
    for (name, json) in SHIPPED {
        let (form, warnings) = Questionnaire::parse(json).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(warnings, [], "{name}");
        assert_eq!(form.languages(), ["en", "zh-CN"], "{name}");
        assert!(
            form.items()
                .iter()
                .all(|item| { !matches!(item.kind, Kind::Question(_)) || form.retention(item).is_some() })
        );
        let again = Questionnaire::parse(form.to_json().to_string().as_bytes()).unwrap();
        assert_eq!(again, (form, Vec::new()), "{name}");
    }
}

#[test]
fn the_phq_9_has_the_bands_of_its_authors() {
    for (sum, label) in [
        (0.0, "minimal"),
        (4.0, "minimal"),
        (5.0, "mild"),
        (9.0, "mild"),
        (10.0, "moderate ("),
        (14.0, "moderate ("),
        (15.0, "moderately severe"),
        (19.0, "moderately severe"),
        (20.0, "severe"),
        (27.0, "severe"),
    ] {
        let (value, least, most, band) = band("phq-9", sum);
        assert_eq!((value, least, most), (sum, 0.0, 27.0));
        assert!(band.starts_with(label), "{sum} is {band}");
    }
}

#[test]
fn the_gad_7_has_the_bands_of_its_authors() {
    for (sum, label) in [
        (0.0, "minimal"),
        (4.0, "minimal"),
        (5.0, "mild"),
        (9.0, "mild"),
        (10.0, "moderate"),
        (14.0, "moderate"),
        (15.0, "severe"),
        (21.0, "severe"),
    ] {
        let (value, least, most, band) = band("gad-7", sum);
        assert_eq!((value, least, most), (sum, 0.0, 21.0));
        assert!(band.starts_with(label), "{sum} is {band}");
    }
}

#[test]
fn the_csi_16_tells_distress_below_51_and_a_half_of_81() {
    for (sum, label) in [
        (0.0, "notable"),
        (51.0, "notable"),
        (52.0, "no notable"),
        (81.0, "no notable"),
    ] {
        let (value, least, most, band) = band("csi-16", sum);
        assert_eq!((value, least, most), (sum, 0.0, 81.0));
        assert!(band.starts_with(label), "{sum} is {band}");
    }
}

#[test]
fn reversed_items_of_the_csi_16_count_the_better_word_highest() {
    let form = form("csi-16");
    for (item, best, worst) in [
        ("csi16-2", "All the time", "Never"),
        ("csi16-11", "Interesting", "Boring"),
        ("csi16-12", "Good", "Bad"),
        ("csi16-13", "Full", "Empty"),
        ("csi16-14", "Sturdy", "Fragile"),
        ("csi16-15", "Hopeful", "Discouraging"),
        ("csi16-16", "Enjoyable", "Miserable"),
    ] {
        let Kind::Question(question) = &form.item(item).unwrap().kind else {
            panic!("a question")
        };
        let counts = |text: &str| {
            question
                .asks
                .choices()
                .iter()
                .find(|c| c.text.plain == text)
                .unwrap()
                .ordinal
                .unwrap()
                .get()
        };
        assert_eq!((counts(best), counts(worst)), (5.0, 0.0), "{item}");
    }
}

#[test]
fn the_ninth_item_above_zero_shows_help_at_once_and_raises_a_flag() {
    let form = form("phq-9");
    for chosen in 0..4 {
        let response = scored(
            &form,
            |name, _| if name == "phq9-9" { f64::from(chosen) } else { 0.0 },
        );
        let sheet = Sheet::lay(&form, &response);
        let help = sheet.rows().iter().find(|row| row.path() == "phq9-help").unwrap();
        assert_eq!(help.enabled(), chosen > 0);
        let checked = Checked::check(&form, response).unwrap();
        assert_eq!(checked.crises().len(), usize::from(chosen > 0));
    }
}

#[test]
fn consents_are_answered_one_by_one_and_refusing_one_is_an_answer() {
    let form = form("consent");
    let mut response = Response::start(&form, "zh-CN");
    assert!(response.set(&form, "consent-service", vec![Value::Boolean(true)]));
    assert!(response.set(&form, "consent-name", vec![Value::Text("王小明".to_owned())]));
    assert!(Checked::check(&form, response.complete(&form, None)).is_err());
    assert!(response.set(&form, "consent-sensitive", vec![Value::Boolean(false)]));
    let checked = Checked::check(&form, response.complete(&form, None)).unwrap();
    let consents = checked.consents();
    let given: Vec<_> = consents.iter().map(|c| (c.name, c.given)).collect();
    assert_eq!(given, [("service", true), ("sensitive", false)]);
    assert!(consents[0].text.starts_with("我同意") && consents[0].language == "zh-CN");
    assert_eq!(consents[0].version, "urn:troth:form:consent|1");
}
