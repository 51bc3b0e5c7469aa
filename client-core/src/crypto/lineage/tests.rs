use super::*;

const CONTEXT: KeyContext = KeyContext {
    practice: PracticeId([1; 32]),
    holder: KeyHolder::Member(MemberId([2; 16])),
    sensitive: false,
    generation: 3,
};

fn contexts_elsewhere() -> [KeyContext; 5] {
    [
        KeyContext {
            practice: PracticeId([9; 32]),
            ..CONTEXT
        },
        KeyContext {
            holder: KeyHolder::Member(MemberId([9; 16])),
            ..CONTEXT
        },
        KeyContext {
            holder: KeyHolder::Role(2),
            ..CONTEXT
        },
        KeyContext {
            sensitive: true,
            ..CONTEXT
        },
        KeyContext {
            generation: 9,
            ..CONTEXT
        },
    ]
}

fn key() -> SealingSecret {
    SealingSecret::generate(&mut rand::rng())
}

#[test]
fn a_device_opens_the_member_key_that_the_roster_names() {
    let (device, member) = (key(), key());
    let sealed = member
        .seal_to(&mut rand::rng(), &device.public(), &CONTEXT)
        .unwrap();
    assert!(SealingSecret::open_sealed(&device, &CONTEXT, &member.public(), &sealed).unwrap() == member);

    let other = key().public();
    assert_eq!(
        SealingSecret::open_sealed(&device, &CONTEXT, &other, &sealed),
        Err(OpenError::WrongKey)
    );
    for elsewhere in contexts_elsewhere() {
        let refused = SealingSecret::open_sealed(&device, &elsewhere, &member.public(), &sealed);
        assert_eq!(refused, Err(OpenError::Authentication), "{elsewhere:?}");
    }
}

#[test]
fn each_generation_opens_the_one_before_and_not_the_other_way_round() {
    let (old, new) = (key(), key());
    let wrap = new.wrap_predecessor(&mut rand::rng(), &old, &CONTEXT, 2);
    assert!(new.unwrap_predecessor(&CONTEXT, 2, &old.public(), &wrap).unwrap() == old);
    assert_eq!(
        old.unwrap_predecessor(&CONTEXT, 2, &old.public(), &wrap),
        Err(OpenError::Authentication)
    );
    assert_eq!(
        new.unwrap_predecessor(&CONTEXT, 1, &old.public(), &wrap),
        Err(OpenError::Authentication)
    );
    assert_eq!(
        new.unwrap_predecessor(&CONTEXT, 2, &key().public(), &wrap),
        Err(OpenError::WrongKey)
    );
    for elsewhere in contexts_elsewhere() {
        let refused = new.unwrap_predecessor(&elsewhere, 2, &old.public(), &wrap);
        assert_eq!(refused, Err(OpenError::Authentication), "{elsewhere:?}");
    }
}

#[test]
fn a_role_and_a_member_of_the_same_bytes_are_told_apart() {
    let mut id = [0; 16];
    id[0] = 2;
    let member = KeyContext {
        holder: KeyHolder::Member(MemberId(id)),
        ..CONTEXT
    };
    let role = KeyContext {
        holder: KeyHolder::Role(2),
        ..CONTEXT
    };
    assert_ne!(member.encode(), role.encode());
}
