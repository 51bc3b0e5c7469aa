//! What the roster remembers of members, devices and keys, by position.

use minicbor::{Decode, Encode};

use crate::ids::{Hash, MemberId};
use crate::keys::{Class, ClassKeys, DeviceKeys, SealingKey};
use crate::statement::{DeviceKind, Role};

/// A member, past or present.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Member {
    /// The roles held, each from a position on; `None` from the removal on.
    #[n(0)]
    pub roles: Vec<(u64, Option<Role>)>,
    /// The member's keys.
    #[n(1)]
    pub keys: Keyring,
    /// The day (since the Unix epoch, by `received`) of the last statement about own devices, and how many there were.
    #[n(2)]
    pub own_statements: (u64, u32),
    /// The admins' generation through which a recovery left this member, then an admin, without the admins' general key;
    /// 0: none was.
    #[n(3)]
    pub(super) locked_out: u32,
}

impl Member {
    /// A member who joins at a position.
    pub(super) fn joining(position: u64, role: Role, keys: &ClassKeys) -> Self {
        Self {
            roles: vec![(position, Some(role))],
            keys: Keyring::new(position, keys),
            own_statements: (0, 0),
            locked_out: 0,
        }
    }

    /// The role as of a position.
    pub fn role(&self, position: u64) -> Option<Role> {
        self.roles
            .iter()
            .rev()
            .find(|(from, _)| *from <= position)
            .and_then(|(_, role)| *role)
    }

    /// The position of the removal; `None` while they are a member. Nobody comes back.
    pub fn left(&self) -> Option<u64> {
        self.roles
            .last()
            .and_then(|(at, role)| role.is_none().then_some(*at))
    }

    /// The roles held, each with the position from which and the one before which it was held: `u64::MAX` for today's.
    pub fn tenures(&self) -> impl Iterator<Item = (Role, u64, u64)> {
        let ends = self.roles.iter().skip(1).map(|(from, _)| *from);
        self.roles
            .iter()
            .zip(ends.chain([u64::MAX]))
            .filter_map(|((from, role), to)| Some(((*role)?, *from, to)))
    }
}

/// A device, past or present.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Device {
    /// Whose it is.
    #[n(0)]
    pub member: MemberId,
    /// Its public keys.
    #[n(1)]
    pub keys: DeviceKeys,
    /// Device or kit.
    #[n(2)]
    pub kind: DeviceKind,
    /// Position of the statement that added it.
    #[n(3)]
    pub added: u64,
    /// Position of the statement that revoked it.
    #[n(4)]
    pub revoked: Option<u64>,
}

/// An invitation to join the practice.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Invitation {
    /// The role that it gives.
    #[n(0)]
    pub role: Role,
    /// Hash of what the code's holder will show.
    #[n(1)]
    pub commitment: Hash,
    /// Relay time after which it is void, in milliseconds since the Unix epoch.
    #[n(2)]
    pub expires: u64,
    /// Whether it can still be used.
    #[n(3)]
    pub open: bool,
}

/// One key's generations and exposures.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KeyHistory {
    /// The public keys, generation 1 first, each with the position from which it holds.
    #[n(0)]
    generations: Vec<(u64, SealingKey)>,
    /// Exposures: as of a position, every generation up to a number may be held by someone who must not.
    #[n(1)]
    burned: Vec<(u64, u32)>,
}

impl KeyHistory {
    fn new(position: u64, key: SealingKey) -> Self {
        Self {
            generations: vec![(position, key)],
            burned: Vec::new(),
        }
    }

    /// The generation as of a position; 0 before there was one.
    pub fn generation(&self, position: u64) -> u32 {
        let count = self
            .generations
            .iter()
            .filter(|(from, _)| *from <= position)
            .count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The public key of a generation.
    pub fn public(&self, generation: u32) -> Option<&SealingKey> {
        let index = usize::try_from(generation.checked_sub(1)?).ok()?;
        self.generations.get(index).map(|(_, key)| key)
    }

    /// Whether a generation was exposed as of a position.
    pub fn is_burned(&self, generation: u32, position: u64) -> bool {
        self.burned
            .iter()
            .any(|(at, through)| *at <= position && generation <= *through)
    }

    pub(super) fn turn(&mut self, position: u64, key: SealingKey) {
        self.generations.push((position, key));
    }

    pub(super) fn burn(&mut self, position: u64) {
        self.burned.push((position, self.generation(position)));
    }
}

/// A member's or role's keys, one history for each class.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Keyring {
    #[n(0)]
    general: KeyHistory,
    #[n(1)]
    sensitive: KeyHistory,
}

impl Keyring {
    pub(super) fn new(position: u64, keys: &ClassKeys) -> Self {
        Self {
            general: KeyHistory::new(position, keys.general.clone()),
            sensitive: KeyHistory::new(position, keys.sensitive.clone()),
        }
    }

    /// The history of a class.
    pub const fn class(&self, class: Class) -> &KeyHistory {
        match class {
            Class::General => &self.general,
            Class::Sensitive => &self.sensitive,
        }
    }

    pub(super) fn class_mut(&mut self, class: Class) -> &mut KeyHistory {
        match class {
            Class::General => &mut self.general,
            Class::Sensitive => &mut self.sensitive,
        }
    }

    pub(super) fn burn(&mut self, position: u64) {
        self.general.burn(position);
        self.sensitive.burn(position);
    }
}
