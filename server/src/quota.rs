//! Who may take how much: counted, never measured by a clock of its own.
//!
//! | part | counts |
//! | --- | --- |
//! | [`Bucket`] | what is spent of an allowance that comes back with time |
//! | [`Addresses`] | connections of one address |
//! | [`Guests`] | connections that have not logged in |
//! | [`Accounts`] | what devices and practices do once they have |
//!
//! Nothing here waits, locks or looks at a clock: times are milliseconds and come as arguments. What is kept of each is
//! forgotten when it says nothing any more, and there is a limit to how many are kept at all.

mod accounts;
mod addresses;
mod guests;

#[cfg(test)]
mod tests;

pub use accounts::{Accounts, TooMuch};
pub use addresses::{Address, Addresses, Entered};
pub use guests::{GuestId, Guests};

/// Milliseconds in the minute that allowances are given for.
const MINUTE_MS: u64 = 60_000;

/// An allowance: so much at once, and so much more every minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The most that can be spent at once; below 2⁴⁷, so that nothing overflows.
    pub burst: u64,
    /// What comes back in a minute.
    pub per_minute: u64,
}

/// What is spent of one [`Rate`]: a token bucket, which is full when it is new.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bucket {
    /// What is spent and has not come back, in 60,000ths.
    spent: u64,
    at: u64,
}

impl Bucket {
    /// Spends `cost` at a time (milliseconds), or nothing where less than that is left. A clock that goes back gives nothing
    /// back until it has caught up with itself, and takes nothing.
    pub fn take(&mut self, now: u64, rate: &Rate, cost: u64) -> bool {
        self.refill(now, rate);
        let spent = self.spent.saturating_add(cost.saturating_mul(MINUTE_MS));
        let enough = spent <= rate.burst.saturating_mul(MINUTE_MS);
        if enough {
            self.spent = spent;
        }
        enough
    }

    /// Whether all of it has come back: then it is as good as new.
    pub fn is_full(&mut self, now: u64, rate: &Rate) -> bool {
        self.refill(now, rate);
        self.spent == 0
    }

    fn refill(&mut self, now: u64, rate: &Rate) {
        let back = now.saturating_sub(self.at).saturating_mul(rate.per_minute);
        self.spent = self.spent.saturating_sub(back);
        self.at = now;
    }
}
