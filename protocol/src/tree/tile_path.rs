//! The names under which tiles are served (C2SP tlog-tiles, "Merkle Tree").

use std::fmt;
use std::str::FromStr;

use super::{TILE_WIDTH, Tile};

/// The highest level that C2SP tlog-tiles allows in a path.
const MAX_LEVEL: u8 = 63;
/// `tile/63/` and seven path elements of an index of 64 bits, and `.p/255`.
const MAX_PATH_BYTES: usize = 8 + 7 * 5 + 6;

/// A tile's relative path, `tile/<L>/<N>[.p/<W>]`: the tile, and how many of its hashes are meant.
///
/// `<N>` is the index in groups of three digits, all but the last marked `x`: 1234067 is `x001/x234/067`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TilePath {
    tile: Tile,
    width: u16,
}

/// A path that names no tile. Whoever asked is at fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TilePathError {
    /// Not of the form `tile/<L>/<N>[.p/<W>]`, or a second spelling of one that is.
    #[error("not a tile's path; write tile/<L>/<N>[.p/<W>] as C2SP tlog-tiles says")]
    Malformed,
    /// The level is above 63, or the index does not fit in 64 bits.
    #[error("no log has a tile of that level and index; levels end at 63")]
    OutOfRange,
    /// The width is not 1 to 255 (a complete tile is named without one).
    #[error("a partial tile has 1 to 255 hashes; leave out the width for a complete one")]
    Width,
}

impl TilePath {
    /// The path of a tile's first `width` hashes, 1 to [`TILE_WIDTH`].
    ///
    /// # Errors
    /// [`TilePathError::OutOfRange`] for the level, [`TilePathError::Width`].
    pub fn new(tile: Tile, width: usize) -> Result<Self, TilePathError> {
        if tile.level > MAX_LEVEL {
            return Err(TilePathError::OutOfRange);
        }
        match u16::try_from(width) {
            Ok(narrow) if (1..=TILE_WIDTH).contains(&width) => Ok(Self { tile, width: narrow }),
            _ => Err(TilePathError::Width),
        }
    }

    /// The tile meant.
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// How many of its hashes are meant, 1 to [`TILE_WIDTH`].
    pub fn width(&self) -> usize {
        self.width.into()
    }

    /// Whether a tree of `size` leaves has all the hashes meant.
    pub fn is_within(&self, size: u64) -> bool {
        self.width() <= self.tile.width_at(size)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tile { level, index } = self.tile;
        write!(f, "tile/{level}/")?;
        let groups = index.checked_ilog(1000).unwrap_or(0);
        for group in (1..=groups).rev() {
            write!(f, "x{:03}/", index / 1000u64.pow(group) % 1000)?;
        }
        write!(f, "{:03}", index % 1000)?;
        if self.width() < TILE_WIDTH {
            write!(f, ".p/{}", self.width)
        } else {
            Ok(())
        }
    }
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        if path.len() > MAX_PATH_BYTES {
            return Err(TilePathError::Malformed);
        }
        let rest = path.strip_prefix("tile/").ok_or(TilePathError::Malformed)?;
        let (level, rest) = rest.split_once('/').ok_or(TilePathError::Malformed)?;
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, Some(width)),
            None => (rest, None),
        };
        let level = u8::try_from(number(level)?).map_err(|_| TilePathError::OutOfRange)?;
        let index = number(&index.replace(['x', '/'], ""))?;
        let width = match width.map(number).transpose()? {
            Some(width) if width >= TILE_WIDTH as u64 => return Err(TilePathError::Width),
            Some(width) => width as usize,
            None => TILE_WIDTH,
        };
        let parsed = Self::new(Tile { level, index }, width)?;
        // Each tile has one name: leading zeroes, a missing `x` and groups of other lengths do not write
        // back.
        if parsed.to_string() == path {
            Ok(parsed)
        } else {
            Err(TilePathError::Malformed)
        }
    }
}

/// Decimal digits and nothing else.
fn number(digits: &str) -> Result<u64, TilePathError> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(TilePathError::Malformed);
    }
    digits.parse().map_err(|_| TilePathError::OutOfRange)
}
