//! A reader of Automerge's primitives that believes nothing.

use crate::document::error::Reason;
use crate::document::limits;

/// What is left to read.
pub(super) struct Reader<'a>(&'a [u8]);

fn short() -> Reason {
    Reason::Malformed("it ends early".into())
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8], Reason> {
        let (head, tail) = self.0.split_at_checked(n).ok_or_else(short)?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Reason> {
        let (head, tail) = self.0.split_first().ok_or_else(short)?;
        self.0 = tail;
        Ok(*head)
    }

    /// Nothing may be left.
    pub(super) fn finish(&self) -> Result<(), Reason> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Reason::NotCanonical)
        }
    }

    /// An unsigned LEB128 number.
    pub(super) fn unsigned(&mut self) -> Result<u64, Reason> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Reason::Malformed("a number is too large".into()))
    }

    /// A signed LEB128 number.
    pub(super) fn signed(&mut self) -> Result<i64, Reason> {
        let mut value = 0i64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if shift < 57 && byte & 0x40 != 0 {
                    value |= -1 << (shift + 7);
                }
                return Ok(value);
            }
        }
        Err(Reason::Malformed("a number is too large".into()))
    }

    /// A length of something that must still be there.
    pub(super) fn length(&mut self) -> Result<usize, Reason> {
        usize::try_from(self.unsigned()?)
            .ok()
            .filter(|n| *n <= self.0.len())
            .ok_or_else(short)
    }

    /// A count of at most `max`.
    pub(super) fn at_most(&mut self, max: u64) -> Result<usize, Reason> {
        let n = self.unsigned()?;
        if n > max {
            return Err(Reason::TooLarge);
        }
        usize::try_from(n).map_err(|_| Reason::TooLarge)
    }

    /// An actor: always 16 bytes here.
    pub(super) fn actor(&mut self) -> Result<[u8; 16], Reason> {
        if self.unsigned()? != 16 {
            return Err(Reason::WrongActor);
        }
        self.take(16)?.try_into().map_err(|_| short())
    }

    /// Reads a whole column and says how many values it stands for; stops at the maximum.
    pub(super) fn values(&mut self, column: Column) -> Result<u64, Reason> {
        let mut total = 0u64;
        let mut counter = 0;
        while !self.0.is_empty() && total <= limits::CHANGE_OPERATIONS {
            let run = match column {
                Column::Boolean => self.unsigned()?,
                _ => self.run(column, &mut counter)?,
            };
            total = total.saturating_add(run);
        }
        Ok(total)
    }

    /// One run of a run-length encoded column: repeated (positive), literal (negative) or absent (zero)
    /// values.
    fn run(&mut self, column: Column, counter: &mut i64) -> Result<u64, Reason> {
        let n = self.signed()?;
        let times = n.unsigned_abs();
        match n {
            0 => return self.unsigned(),
            1.. => self.value(column, n, counter)?,
            _ if times > limits::CHANGE_OPERATIONS => return Err(Reason::TooLarge),
            _ => {
                for _ in 0..times {
                    self.value(column, 1, counter)?;
                }
            }
        }
        Ok(times)
    }

    /// One value that stands for `times` in a row.
    fn value(&mut self, column: Column, times: i64, counter: &mut i64) -> Result<(), Reason> {
        match column {
            Column::Delta => {
                let step = self
                    .signed()?
                    .checked_mul(times)
                    .and_then(|step| counter.checked_add(step));
                *counter = step
                    .filter(|now| (0..=i64::from(u32::MAX)).contains(now))
                    .ok_or_else(outside)?;
            }
            Column::Text => {
                let n = self.length()?;
                self.take(n)?;
            }
            Column::UpTo(max) if self.unsigned()? > max => return Err(outside()),
            Column::UpTo(_) | Column::Boolean => {}
        }
        Ok(())
    }
}

/// How a column's values are written, and what they may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Lengths of alternating runs of false and true.
    Boolean,
    /// Numbers up to a maximum.
    UpTo(u64),
    /// Operation counters, each as the difference to the one before. The engine keeps counters in 32 bits
    /// and panics on larger ones.
    Delta,
    /// Texts.
    Text,
}

fn outside() -> Reason {
    Reason::Malformed("a number is out of its range".into())
}
