//! Connections that have not logged in. There is room for so many; whoever comes then takes the place of another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Address;

/// A guest, for as long as they are one. Later ones have larger numbers.
pub type GuestId = u64;

/// Everybody who has not logged in, by where they come from.
pub struct Guests {
    next: GuestId,
    most: usize,
    all: BTreeMap<GuestId, Option<Address>>,
    of: HashMap<Option<Address>, BTreeSet<GuestId>>,
}

impl Guests {
    /// Room for so many.
    pub fn new(most: usize) -> Self {
        Self {
            next: 0,
            most,
            all: BTreeMap::new(),
            of: HashMap::new(),
        }
    }

    /// Somebody comes, from an address if it is known. Returns who they are, and who has to go for them.
    pub fn enter(&mut self, address: Option<Address>) -> (GuestId, Option<GuestId>) {
        let gone = if self.all.len() >= self.most {
            self.drop_one()
        } else {
            None
        };
        self.next += 1;
        self.insert(self.next, address);
        (self.next, gone)
    }

    /// Where a guest comes from turned out later.
    pub fn comes_from(&mut self, guest: GuestId, address: Address) {
        if self.leave(guest) {
            self.insert(guest, Some(address));
        }
    }

    /// A guest logged in or is gone. Returns whether they were one.
    pub fn leave(&mut self, guest: GuestId) -> bool {
        let Some(address) = self.all.remove(&guest) else {
            return false;
        };
        if let Some(of) = self.of.get_mut(&address) {
            of.remove(&guest);
            if of.is_empty() {
                self.of.remove(&address);
            }
        }
        true
    }

    /// Lets go of one: the oldest of the address that has most of them. An honest device is no guest for longer than its
    /// handshake takes, and where a flood comes from few addresses, it is the flood's own that go.
    pub fn drop_one(&mut self) -> Option<GuestId> {
        let oldest = |of: &BTreeSet<GuestId>| of.first().copied();
        let most = self
            .of
            .values()
            .max_by_key(|of| (of.len(), std::cmp::Reverse(oldest(of))))?;
        let gone = oldest(most)?;
        self.leave(gone);
        Some(gone)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn insert(&mut self, guest: GuestId, address: Option<Address>) {
        self.all.insert(guest, address);
        self.of.entry(address).or_default().insert(guest);
    }
}
