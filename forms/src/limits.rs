//! Every maximum of a form and of its answers, each with its reason. What exceeds one is refused, never cut.

/// Longest form, in bytes of JSON: the shipped intake in two languages is a tenth of it, and a quarter of a statement's
/// payload leaves room for what travels beside it.
pub const FORM: usize = 256 * 1024;
/// Longest response, in bytes of JSON: an evening's typing, in a payload of 1 MiB with its signature.
pub const RESPONSE: usize = 512 * 1024;
/// Items of a form: more than anybody fills in at one sitting.
pub const ITEMS: usize = 500;
/// Groups within groups: deeper than any screen shows. It bounds recursion.
pub const DEPTH: usize = 8;
/// Options of one question.
pub const OPTIONS: usize = 250;
/// Conditions of one item.
pub const CONDITIONS: usize = 16;
/// Times that a question or a group repeats, where the form does not say: children, addresses, medications.
pub const REPEATS: usize = 20;
/// The most that a form may allow.
pub const MOST_REPEATS: usize = 100;
/// Items of a response, with every repetition.
pub const RESPONSE_ITEMS: usize = 5_000;
/// Longest text of a form, in characters: a consent's whole wording.
pub const TEXT: usize = 10_000;
/// Longest link id, in characters: a path of codes, as other tools make them. Every row's path is made of these.
pub const LINK_ID: usize = 128;
/// Rows of a form with answers laid upon it: each repetition of a group repeats everything in it.
pub const ROWS: usize = 10_000;
/// Longest name in a form, in characters: a code, an address.
pub const NAME: usize = 255;
/// Longest answer in words, in characters. A form's `maxLength` may only lower it.
pub const ANSWER: usize = 20_000;
/// Languages of one text.
pub const LANGUAGES: usize = 16;
/// Bands of one score.
pub const BANDS: usize = 16;
