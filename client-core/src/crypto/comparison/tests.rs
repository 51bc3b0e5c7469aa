use super::*;

const ALICE: DeviceId = DeviceId([1; 32]);
const BEN: DeviceId = DeviceId([2; 32]);
const EVE: DeviceId = DeviceId([3; 32]);

fn nonce() -> ComparisonNonce {
    ComparisonNonce::generate(&mut rand::rng())
}

#[test]
fn both_sides_read_the_same_eight_characters() {
    let (a, b) = (nonce(), nonce());
    let commitment = a.commit(&ALICE);
    let hers = ComparisonCode::new(&commitment, (&ALICE, &a), (&BEN, &b)).unwrap();
    let received = ComparisonNonce::from_bytes(&a.reveal());
    let his = ComparisonCode::new(&commitment, (&ALICE, &received), (&BEN, &b)).unwrap();
    assert_eq!(hers, his);
    assert_eq!(hers.render().replace('-', "").len(), 8);
}

#[test]
fn somebody_in_between_makes_the_codes_differ() {
    let (a, b, e) = (nonce(), nonce(), nonce());
    let hers = ComparisonCode::new(&a.commit(&ALICE), (&ALICE, &a), (&EVE, &e)).unwrap();
    let his = ComparisonCode::new(&e.commit(&EVE), (&EVE, &e), (&BEN, &b)).unwrap();
    assert_ne!(hers, his);
}

#[test]
fn the_initiator_cannot_change_number_or_name_after_committing() {
    let (a, b) = (nonce(), nonce());
    let commitment = a.commit(&ALICE);
    assert_eq!(
        ComparisonCode::new(&commitment, (&ALICE, &nonce()), (&BEN, &b)),
        Err(BrokenCommitment)
    );
    assert_eq!(
        ComparisonCode::new(&commitment, (&EVE, &a), (&BEN, &b)),
        Err(BrokenCommitment)
    );
}
