//! The forms that come with Troth, as FHIR JSON in `forms/shipped`. A practice sends them as they are, or edits a copy under
//! an address of its own.

use crate::fault::FormError;
use crate::questionnaire::Questionnaire;

/// A name to choose it by, and its JSON.
pub const SHIPPED: &[(&str, &[u8])] = &[
    ("couple-intake", include_bytes!("../shipped/couple-intake.json")),
    ("consent", include_bytes!("../shipped/consent.json")),
    ("phq-9", include_bytes!("../shipped/phq-9.json")),
    ("gad-7", include_bytes!("../shipped/gad-7.json")),
    ("csi-16", include_bytes!("../shipped/csi-16.json")),
];

/// A shipped form by its name, if there is one.
///
/// # Errors
/// None: each is read in a test.
pub fn find(name: &str) -> Option<Result<Questionnaire, FormError>> {
    let (_, json) = SHIPPED.iter().find(|(known, _)| *known == name)?;
    Some(Questionnaire::parse(json).map(|(form, _)| form))
}
