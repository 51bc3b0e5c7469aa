use super::*;

fn code() -> LinkCode {
    LinkCode::new(&mut rand::rng(), &DeviceId([7; 32]))
}

#[test]
fn a_code_survives_being_read_aloud_and_typed_sloppily() {
    let code = code();
    let text = code.render();
    assert_eq!(
        text.split('-').map(str::len).collect::<Vec<_>>(),
        [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 4]
    );
    assert!(LinkCode::parse(&text).unwrap() == code);
    for typed in [
        text.to_lowercase(),
        text.replace('-', ""),
        text.replace('-', " \n"),
        format!("  {}  ", text.as_str()),
        text.replace('0', "O").replace('1', "l"),
        text.replace('0', "o").replace('1', "I"),
    ] {
        assert!(LinkCode::parse(&typed).unwrap() == code, "{typed}");
    }
}

#[test]
fn every_single_mistype_and_swap_is_noticed() {
    // A fixed code: of two thousand mistakes in random ones, one in some 8,000 runs would fit its checksum.
    let code = LinkCode {
        digest: [7; DIGEST],
        secret: *b"sixteen bytes ok",
    };
    let text: Vec<char> = code.render().replace('-', "").chars().collect();
    for at in 0..text.len() {
        for c in "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
            .chars()
            .filter(|c| *c != text[at])
        {
            let mut typed = text.clone();
            typed[at] = c;
            let typed: String = typed.into_iter().collect();
            assert_eq!(
                LinkCode::parse(&typed).unwrap_err(),
                CodeError::Mistyped,
                "{at} {c}"
            );
        }
        let mut swapped = text.clone();
        swapped.swap(at, (at + 1) % text.len());
        if swapped != text {
            let typed: String = swapped.into_iter().collect();
            assert_eq!(
                LinkCode::parse(&typed).unwrap_err(),
                CodeError::Mistyped,
                "swapped at {at}"
            );
        }
    }
}

#[test]
fn what_is_not_a_code_is_refused_with_the_reason() {
    let text = code().render();
    assert_eq!(LinkCode::parse("").unwrap_err(), CodeError::Length(0));
    assert_eq!(
        LinkCode::parse(&text[..text.len() - 1]).unwrap_err(),
        CodeError::Length(63)
    );
    assert_eq!(
        LinkCode::parse(&format!("{}0", text.as_str())).unwrap_err(),
        CodeError::Length(65)
    );
    assert_eq!(
        LinkCode::parse(&"0".repeat(1_000_000)).unwrap_err(),
        CodeError::Length(1_000_000)
    );
    assert_eq!(
        LinkCode::parse(&text.replacen('-', "U", 1)).unwrap_err(),
        CodeError::Character('U')
    );
    assert_eq!(LinkCode::parse("é").unwrap_err(), CodeError::Character('é'));

    let mut newer = vec![2; BODY];
    newer.extend_from_slice(&checksum(&newer));
    assert_eq!(
        LinkCode::parse(&crockford::encode(&newer, 5)).unwrap_err(),
        CodeError::Version(2)
    );
}

#[test]
fn a_code_names_one_device() {
    let code = code();
    assert!(code.names(&DeviceId([7; 32])));
    for at in 0..DIGEST {
        let mut other = [7; 32];
        other[at] ^= 1;
        assert!(!code.names(&DeviceId(other)), "byte {at}");
    }
}

#[test]
fn the_relay_learns_the_mailbox_and_nothing_that_opens_it() {
    let code = code();
    assert_eq!(code.mailbox().0, *code.psk().id());
    let other = LinkCode {
        digest: [8; DIGEST],
        secret: code.secret,
    };
    assert_ne!(
        code.mailbox(),
        other.mailbox(),
        "the mailbox depends on the device too"
    );
    assert_ne!(code.mailbox().0, code.secret);
    assert_eq!(
        format!("{code:?} {:?}", code.psk()),
        "LinkCode(secret) Psk(secret)"
    );
}
