//! A practice's forms: the part of FHIR R4 Questionnaire and QuestionnaireResponse that Troth supports, read strictly, and
//! what is worked out from answers. No IO, no clock, no randomness: the page that a client fills in, the command line and
//! the check after decryption run the same code.
//!
//! | module | is |
//! | --- | --- |
//! | [`questionnaire`] | a form: what [`Questionnaire::parse`] accepted, and nothing else |
//! | [`response`] | answers as they arrive, and as they are being given |
//! | [`sheet`] | a form with answers laid upon it: which items are enabled, row by row |
//! | [`checked`] | a completed response that holds against its form: scores, crisis flags and consents come from here alone |
//! | [`view`] | the rows of a sheet as JSON, for a page to draw |
//! | [`plain`] | answers as plain text, for a terminal or a note |
//! | [`shipped`] | the forms that come with Troth |
//! | [`fault`] | what is wrong with a form or an answer, and where; [`words`] says it in English and 简体中文 |
//!
//! Nothing here is HTML. Texts of a form and of an answer are characters to be shown, by a page as text nodes.

pub mod checked;
pub mod fault;
pub mod limits;
pub mod plain;
pub mod questionnaire;
pub mod response;
pub mod sheet;
pub mod shipped;
pub mod text;
pub mod value;
pub mod view;
pub mod words;

mod json;
mod reader;

pub use checked::Checked;
pub use fault::{AnswerError, AnswerFault, FormError, FormFault, Warning, WarningKind};
pub use questionnaire::Questionnaire;
pub use response::Response;
pub use sheet::Sheet;
