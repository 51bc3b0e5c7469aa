use super::*;

const CHEAP: Cost = Cost { m_kib: 8, t: 1, p: 1 };
const GOOD: &str = "seven lanterns over the quiet harbor";

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text, &[]).unwrap()
}

fn vault() -> (VaultHeader, Vault) {
    Vault::create(&mut rand::rng(), &passphrase(GOOD), CHEAP).unwrap()
}

#[test]
fn a_vault_opens_again_with_its_passphrase_only() {
    let (header, vault) = vault();
    let name = vault.row_name(1, b"a key");
    let sealed = vault.seal_row(&mut rand::rng(), &name, b"a secret");

    let header = VaultHeader::from_bytes(&header.to_bytes()).unwrap();
    let again = header.unlock(GOOD).unwrap();
    assert_eq!(again.row_name(1, b"a key"), name);
    assert_eq!(again.open_row(&name, &sealed).unwrap().as_slice(), b"a secret");

    for wrong in ["", "seven lanterns over the quiet harbou", &"x".repeat(MAX + 1)] {
        assert_eq!(header.unlock(wrong).unwrap_err(), VaultError::WrongPassphrase);
    }
}
const MAX: usize = crate::crypto::MAX_PASSPHRASE_BYTES;

#[test]
fn a_new_passphrase_opens_the_same_vault_and_the_old_one_no_longer_does() {
    let (header, vault) = vault();
    let sealed = vault.seal_row(&mut rand::rng(), b"row", b"a secret");
    let new = "a kettle of purple gravel, please";
    let wrong = header.change_passphrase(&mut rand::rng(), "not the old one", &passphrase(new), CHEAP);
    assert_eq!(wrong.unwrap_err(), VaultError::WrongPassphrase);

    let costlier = Cost {
        m_kib: 16,
        t: 2,
        p: 1,
    };
    let changed = header
        .change_passphrase(&mut rand::rng(), GOOD, &passphrase(new), costlier)
        .unwrap();
    assert_eq!(changed.cost(), costlier);
    assert_eq!(changed.unlock(GOOD).unwrap_err(), VaultError::WrongPassphrase);
    assert_eq!(
        changed
            .unlock(new)
            .unwrap()
            .open_row(b"row", &sealed)
            .unwrap()
            .as_slice(),
        b"a secret"
    );
}

#[test]
fn a_row_opens_in_its_own_place_and_its_own_vault_only() {
    let (_, mine) = vault();
    let (_, other) = vault();
    let sealed = mine.seal_row(&mut rand::rng(), b"here", b"a secret");
    assert_eq!(mine.open_row(b"there", &sealed), Err(OpenError::Authentication));
    assert_eq!(other.open_row(b"here", &sealed), Err(OpenError::Authentication));
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 1;
        assert_eq!(
            mine.open_row(b"here", &altered),
            Err(OpenError::Authentication),
            "byte {at}"
        );
    }
    assert_eq!(mine.open_row(b"here", &sealed[..39]), Err(OpenError::Length(39)));
}

#[test]
fn row_names_differ_between_tables_ids_and_vaults() {
    let (_, mine) = vault();
    let (_, other) = vault();
    let names = [
        mine.row_name(1, b"id"),
        mine.row_name(2, b"id"),
        mine.row_name(1, b"di"),
        mine.row_name(1, b""),
        other.row_name(1, b"id"),
    ];
    let distinct: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
    assert_eq!(mine.row_name(1, b"id"), names[0]);
}

#[test]
fn a_header_that_asks_for_too_much_or_too_little_is_refused_before_any_work() {
    for cost in [
        Cost {
            m_kib: Cost::MAX.m_kib + 1,
            ..CHEAP
        },
        Cost { t: 17, ..CHEAP },
        Cost {
            p: 17,
            m_kib: 1024,
            ..CHEAP
        },
        Cost {
            m_kib: u32::MAX,
            t: u32::MAX,
            p: u32::MAX,
        },
        Cost { m_kib: 7, ..CHEAP },
        Cost { t: 0, ..CHEAP },
        Cost { p: 0, ..CHEAP },
        Cost {
            m_kib: 8,
            p: 2,
            ..CHEAP
        },
    ] {
        let (mut header, _) = vault();
        header.cost = cost;
        let header = VaultHeader::from_bytes(&header.to_bytes()).unwrap();
        assert_eq!(header.unlock(GOOD).unwrap_err(), VaultError::Cost(cost));
        let created = Vault::create(&mut rand::rng(), &passphrase(GOOD), cost);
        assert_eq!(created.unwrap_err(), VaultError::Cost(cost));
    }
}

impl VaultHeader {
    fn with(&self, change: impl Fn(&mut Self)) -> Self {
        let mut header = self.clone();
        change(&mut header);
        header
    }
}

#[test]
fn a_header_altered_anywhere_does_not_unlock() {
    let (header, _) = vault();
    let bytes = header.to_bytes();
    for at in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        let opened = VaultHeader::from_bytes(&altered).and_then(|header| header.unlock(GOOD));
        assert!(opened.is_err(), "byte {at}");
        assert_eq!(
            VaultHeader::from_bytes(&bytes[..at]),
            Err(VaultError::Malformed),
            "cut at {at}"
        );
    }
    let newer = header.with(|header| header.version = 2);
    assert_eq!(
        VaultHeader::from_bytes(&newer.to_bytes()),
        Err(VaultError::Version(2))
    );
    let trailing = [bytes.as_slice(), &[0]].concat();
    assert_eq!(VaultHeader::from_bytes(&trailing), Err(VaultError::Malformed));
}
