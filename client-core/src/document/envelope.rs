//! Reading a change's outside before the engine sees it.
//!
//! A few bytes can claim billions of operations (run lengths) or inflate to gigabytes (deflate), and the
//! engine believes them. This reader walks the chunk without believing anything: it allocates a small
//! multiple of [`limits::CHANGE_INFLATED`] bytes, takes time linear in them, and never panics. What passes
//! has a bounded number of operations, so all that the engine does with it is bounded, also where no thread
//! can be watched (WebAssembly).
//!
//! Format: <https://automerge.org/automerge-binary-format-spec/>, chunk types 1 (change) and 2 (deflated
//! change).

use sha2::{Digest, Sha256};

use super::error::Reason;
use super::limits;
use reader::{Column, Reader};

mod reader;

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const CHANGE: u8 = 1;
const DEFLATED: u8 = 2;
const MAX_COLUMNS: u64 = 12;

/// A change whose size, checksum and operation count have been checked.
pub(super) struct Envelope {
    /// The chunk in its inflated form (type 1).
    pub(super) chunk: Vec<u8>,
    /// Who wrote it, by its own word.
    pub(super) actor: [u8; 16],
}

/// Opens one change chunk, deflated or not.
pub(super) fn open(bytes: &[u8]) -> Result<Envelope, Reason> {
    if bytes.len() > limits::CHANGE_BYTES {
        return Err(Reason::TooLarge);
    }
    let mut r = Reader::new(bytes);
    if r.take(4)? != MAGIC {
        return Err(Reason::NotAChange);
    }
    let checksum = r.take(4)?;
    let kind = r.byte()?;
    if kind != CHANGE && kind != DEFLATED {
        return Err(Reason::NotAChange);
    }
    let length = r.length()?;
    let data = r.take(length)?;
    r.finish()?;
    let inflated;
    let body = if kind == DEFLATED {
        inflated = inflate(data)?;
        &inflated[..]
    } else {
        data
    };
    let chunk = chunk(checksum, body);
    let digest = Sha256::digest(&chunk[8..]);
    if digest[..4] != *checksum {
        return Err(Reason::Checksum);
    }
    let actor = check_body(body)?;
    Ok(Envelope { chunk, actor })
}

/// The author of a change by its own word, and its hash; `None` when the bytes are no change at all.
pub fn claimed(bytes: &[u8]) -> Option<([u8; 16], [u8; 32])> {
    let envelope = open(bytes).ok()?;
    let hash = Sha256::digest(envelope.chunk.get(8..)?);
    Some((envelope.actor, hash.into()))
}

/// The author of a change by its own word; `None` when the bytes are no change at all.
pub fn claimed_actor(bytes: &[u8]) -> Option<[u8; 16]> {
    open(bytes).ok().map(|envelope| envelope.actor)
}

fn chunk(checksum: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 20);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(checksum);
    out.push(CHANGE);
    let mut length = body.len();
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(body);
    out
}

fn inflate(data: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::with_capacity(data.len().saturating_mul(3).min(limits::CHANGE_INFLATED));
    let mut inflater = flate2::Decompress::new(false);
    loop {
        let consumed = usize::try_from(inflater.total_in()).map_err(|_| Reason::TooLarge)?;
        if out.len() == out.capacity() {
            if out.len() >= limits::CHANGE_INFLATED {
                return Err(Reason::TooLarge);
            }
            out.reserve_exact(out.len().max(1024).min(limits::CHANGE_INFLATED - out.len()));
        }
        let before = (consumed, out.len());
        let rest = data.get(consumed..).unwrap_or_default();
        let status = inflater
            .decompress_vec(rest, &mut out, flate2::FlushDecompress::Finish)
            .map_err(|_| Reason::Malformed("its compression is broken".into()))?;
        let after = (
            usize::try_from(inflater.total_in()).unwrap_or(usize::MAX),
            out.len(),
        );
        if status == flate2::Status::StreamEnd {
            // Bytes after the stream would be a second way to write the same change.
            return if after.0 == data.len() {
                Ok(out)
            } else {
                Err(Reason::NotCanonical)
            };
        }
        if before == after && out.len() < out.capacity() {
            return Err(Reason::Malformed("its compression ends early".into()));
        }
    }
}

/// The columns that a change of ours can have; others are refused. The engine panics on an actor that the
/// change does not list.
fn column(spec: u64, actors: u64) -> Option<Column> {
    Some(match spec {
        // object, key and predecessor: actor
        0x01 | 0x11 | 0x71 => Column::UpTo(actors - 1),
        // object: counter
        0x02 => Column::UpTo(u64::from(u32::MAX)),
        // key and predecessor: counter
        0x13 | 0x73 => Column::Delta,
        // key: name
        0x15 => Column::Text,
        // insert
        0x34 => Column::Boolean,
        // action: make a map, set, make a list, delete, make a text
        0x42 => Column::UpTo(4),
        // value: type and length
        0x56 => Column::UpTo(u64::MAX),
        // predecessors: how many
        0x70 => Column::UpTo(limits::CHANGE_OPERATIONS),
        _ => return None,
    })
}

/// The column that holds the values' bytes, laid out by the one before it.
const VALUE_BYTES: u64 = 0x57;

fn check_body(body: &[u8]) -> Result<[u8; 16], Reason> {
    let mut r = Reader::new(body);
    let dependencies = r.at_most(limits::CHANGE_DEPENDENCIES)?;
    r.take(dependencies * 32)?;
    let actor = r.actor()?;
    let _seq = r.unsigned()?;
    let _start = r.unsigned()?;
    let _time = r.signed()?;
    if r.length()? != 0 {
        return Err(Reason::Rule("it carries a message"));
    }
    let others = r.at_most(limits::CHANGE_ACTORS)?;
    for _ in 0..others {
        r.actor()?;
    }
    let count = r.at_most(MAX_COLUMNS)?;
    let mut columns = Vec::with_capacity(count);
    for _ in 0..count {
        columns.push((r.unsigned()?, r.length()?));
    }
    for (spec, length) in columns {
        let data = r.take(length)?;
        if spec == VALUE_BYTES {
            continue;
        }
        let column =
            column(spec, others as u64 + 1).ok_or(Reason::Rule("it has a column that no document uses"))?;
        if Reader::new(data).values(column)? > limits::CHANGE_OPERATIONS {
            return Err(Reason::TooLarge);
        }
    }
    r.finish()?;
    Ok(actor)
}
