//! Who says what to whom. None of it may ever be found on the relay.

/// The practice.
pub const PRACTICE: &str = "Harbourlight Couples Counsel";
/// Its counselor.
pub const COUNSELOR: &str = "Dr. Wanjiru Ashdown-Okafor";
/// Her first device.
pub const LAPTOP: &str = "Wanjiru's laptop";
/// Her second device.
pub const PHONE: &str = "Wanjiru's telephone";
/// What opens the first device.
pub const LAPTOP_PASSPHRASE: &str = "otter gravel pennant yodel fjord";
/// What opens the second device.
pub const PHONE_PASSPHRASE: &str = "walnut trombone ledge crimson quip";
/// Another counselor of the practice.
pub const COLLEAGUE: &str = "Emre Castellanos-Dietrich";
/// Their device.
pub const DESK: &str = "Emre's desk computer";
/// What opens it.
pub const DESK_PASSPHRASE: &str = "saffron ladder quartz mumble inlet";
/// What one of the couple says alone.
pub const ALONE: &str = "Alone, Theodore says that he would rather go back to Porto.";
/// The couple.
pub const CASE: &str = "Pemberton & Lin";
/// One of the couple.
pub const PARTNER_A: &str = "Theodore Pemberton";
/// The other.
pub const PARTNER_B: &str = "林书瑶";
/// The note that both devices have before they go offline.
pub const NOTE: &str = "Theodore feels unheard since the move to Lisbon.";
/// What the laptop adds at its end.
pub const AT_THE_END: &str = " Homework: a walk by the river every evening.";
/// What the phone adds at its beginning.
pub const AT_THE_BEGINNING: &str = "Second meeting, both arrived early. ";
/// A clinical field that both set.
pub const FIELD: &str = "wedding planned for";
/// What the laptop sets it to.
pub const ON_THE_LAPTOP: &str = "the fourteenth of September";
/// What the phone sets it to.
pub const ON_THE_PHONE: &str = "the twentyfirst of September";
/// What is asked of one of the couple, through a link and without an account.
pub const FORM: &str = r#"{
  "resourceType": "Questionnaire", "status": "active", "language": "en",
  "url": "urn:troth:demo:before-we-meet", "version": "1", "title": "Before we meet for the first time",
  "item": [
    { "linkId": "agreed", "type": "boolean", "required": true, "text": "I permit Harbourlight to safekeep whatever I disclose beforehand.",
      "extension": [{ "url": "urn:troth:form:consent", "valueCode": "service" }] },
    { "linkId": "hoped", "type": "text", "required": true, "text": "Which evenings did the shipyard swallow lately?" }
  ]
}"#;
/// The question in it.
pub const QUESTION: &str = "Which evenings did the shipyard swallow lately?";
/// What he consents to.
pub const AGREED: &str = "I permit Harbourlight to safekeep whatever I disclose beforehand.";
/// What he answers.
pub const ANSWER: &str = "Every nightshift, and Shuyao's grandmother arrived unannounced.";
/// The PIN that he chooses.
pub const PIN: &str = "marmalade67";
/// What is written once the phone is revoked.
pub const AFTERWARDS: &str = "书瑶 spoke of the miscarriage that she had kept to herself.";

/// All of it.
pub const SECRETS: [&str; 24] = [
    PRACTICE,
    QUESTION,
    AGREED,
    ANSWER,
    PIN,
    COUNSELOR,
    COLLEAGUE,
    DESK,
    DESK_PASSPHRASE,
    ALONE,
    LAPTOP,
    PHONE,
    LAPTOP_PASSPHRASE,
    PHONE_PASSPHRASE,
    CASE,
    PARTNER_A,
    PARTNER_B,
    NOTE,
    AT_THE_END,
    AT_THE_BEGINNING,
    FIELD,
    ON_THE_LAPTOP,
    ON_THE_PHONE,
    AFTERWARDS,
];
