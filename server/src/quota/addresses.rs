//! Connections of one address: so many at once, and so many new ones in a minute.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use super::{Bucket, Rate};

/// Where somebody comes from: an IPv4 address, or the /64 of an IPv6 address, which is what one household or office is
/// given. It is never shown: who is connected from where is nobody's business, and no log's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    v6: bool,
    prefix: u64,
}

impl Address {
    /// `None` for this machine itself: a proxy on it that does not say for whom it connects is not one address among many.
    pub fn of(ip: IpAddr) -> Option<Self> {
        match ip.to_canonical() {
            ip if ip.is_loopback() => None,
            IpAddr::V4(ip) => Some(Self {
                v6: false,
                prefix: ip.to_bits().into(),
            }),
            IpAddr::V6(ip) => Some(Self {
                v6: true,
                prefix: (ip.to_bits() >> 64) as u64,
            }),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

#[derive(Default)]
struct Use {
    open: usize,
    opened: Bucket,
}

/// What became of somebody who came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entered {
    /// Let in and counted: must be followed by [`Addresses::leave`].
    Counted,
    /// Let in and not counted: too many addresses are known already. What holds for all connections together holds for them.
    Uncounted,
    /// Too many of that address.
    Refused,
}

/// What is known of addresses that came lately.
pub struct Addresses {
    at_once: usize,
    opened: Rate,
    known: HashMap<Address, Use>,
    most: usize,
    /// When those that say nothing any more were last forgotten.
    swept: Option<u64>,
}

/// Time between two looks for addresses to forget, in milliseconds, when too many are known.
const SWEEP_MS: u64 = 1_000;

impl Addresses {
    /// Allows an address so many connections `at_once`, and new ones at a rate; knows at most so many addresses.
    pub fn new(at_once: usize, opened: Rate, most: usize) -> Self {
        Self {
            at_once,
            opened,
            known: HashMap::new(),
            most,
            swept: None,
        }
    }

    /// Somebody comes at a time (milliseconds, of a clock that does not go back).
    pub fn enter(&mut self, now: u64, address: Address) -> Entered {
        if !self.known.contains_key(&address) && self.known.len() >= self.most {
            if self.swept.is_none_or(|at| now >= at.saturating_add(SWEEP_MS)) {
                self.swept = Some(now);
                let rate = self.opened;
                self.known
                    .retain(|_, known| known.open > 0 || !known.opened.is_full(now, &rate));
            }
            if self.known.len() >= self.most {
                return Entered::Uncounted;
            }
        }
        let known = self.known.entry(address).or_default();
        if known.open >= self.at_once || !known.opened.take(now, &self.opened, 1) {
            return Entered::Refused;
        }
        known.open += 1;
        Entered::Counted
    }

    /// Somebody who was counted is gone.
    pub fn leave(&mut self, address: Address) {
        if let Some(known) = self.known.get_mut(&address) {
            known.open = known.open.saturating_sub(1);
        }
    }

    /// Addresses that are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
