//! Which PINs may be chosen. Nobody can try them offline, and the relay gives ten tries: what must be kept out is what
//! everybody tries first.

use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The fewest characters.
pub const LEAST: usize = 6;
/// The most.
pub const MOST: usize = 64;

/// A PIN as it is stretched: digits and letters, without what people put between them. Erased when dropped.
#[derive(ZeroizeOnDrop)]
pub struct Pin(String);

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pin(secret)")
    }
}

/// Why a PIN may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PinFault {
    /// Fewer than [`LEAST`] characters.
    #[error("use a PIN of at least six digits or letters")]
    TooShort,
    /// More than [`MOST`].
    #[error("use a PIN of at most 64 digits or letters")]
    TooLong,
    /// One character again and again, or a run.
    #[error("this PIN would be tried first: do not use one digit again and again, or digits in a row")]
    Predictable,
}

impl Pin {
    /// Judges a PIN that is being chosen.
    ///
    /// # Errors
    /// Why it may not be.
    pub fn choose(text: &str) -> Result<Self, PinFault> {
        let pin = Self::typed(text)?;
        let mut codes: Vec<u32> = pin.0.chars().map(u32::from).collect();
        let step = |by: i64| {
            let mut pairs = codes.windows(2);
            pairs.all(|pair| i64::from(pair[1]) - i64::from(pair[0]) == by)
        };
        let predictable = step(0) || step(1) || step(-1);
        codes.zeroize();
        if predictable {
            Err(PinFault::Predictable)
        } else {
            Ok(pin)
        }
    }

    /// Takes a PIN that was chosen, as somebody typed it.
    ///
    /// # Errors
    /// [`PinFault::TooShort`], [`PinFault::TooLong`].
    pub fn typed(text: &str) -> Result<Self, PinFault> {
        let between = |c: &char| !c.is_whitespace() && !matches!(c, '-' | '.' | '－' | '．');
        let pin = Self(text.chars().filter(between).map(narrow).collect());
        match pin.0.chars().count() {
            count if count < LEAST => Err(PinFault::TooShort),
            count if count > MOST => Err(PinFault::TooLong),
            _ => Ok(pin),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Full-width digits and letters, as Chinese keyboards give them, are the same PIN.
fn narrow(c: char) -> char {
    match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        _ => c,
    }
}
