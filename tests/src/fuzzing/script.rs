//! Choices read from the fuzzer's bytes. Where they end, every choice is the first: a script that is cut short still ends.

/// The bytes that are left.
pub(super) struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub(super) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    /// One of `n`; of none, 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        if n > 256 {
            (usize::from(self.byte()) << 8 | usize::from(self.byte())) % n
        } else {
            usize::from(self.byte()) % n.max(1)
        }
    }

    /// A number of any size, the edges among them.
    pub(super) fn number(&mut self) -> u64 {
        match self.byte() {
            n @ 0..=199 => n.into(),
            200..=219 => u64::MAX - u64::from(self.byte()),
            220..=239 => 1 << (self.byte() % 64),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    /// A few bytes: a length, then as many.
    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    /// Changes bytes at places that the script chooses; leaves them as they are where it is over.
    pub(super) fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.below(4) + 1 {
            let at = self.below(bytes.len().max(1));
            match self.byte() % 7 {
                0 if at < bytes.len() => bytes[at] ^= 1 << (self.byte() % 8),
                1 if at < bytes.len() => bytes[at] = self.byte(),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.insert(at.min(bytes.len()), self.byte()),
                4 => bytes.truncate(at),
                5 => {
                    let more = self.bytes();
                    let at = at.min(bytes.len());
                    bytes.splice(at..at, more.iter().copied());
                }
                _ => {
                    let end = (at + 8).min(bytes.len());
                    bytes
                        .get_mut(at..end)
                        .into_iter()
                        .flatten()
                        .for_each(|b| *b = 0xff);
                }
            }
        }
    }
}
