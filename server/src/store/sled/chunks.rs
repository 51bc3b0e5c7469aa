//! Long values in chunks of at most 4 KiB.
//!
//! sled puts a page of its tree that is longer than 128 KiB into a file of its own, which it does not sync,
//! and does not open again when that is missing after a power cut. A page holds up to 20 values (it is split
//! above 16, and may take over a neighbour's last three), so values of 4 KiB keep every page in the one file
//! that a commit here syncs.
//!
//! The first chunk is `length of the whole, 4 bytes ‖ bytes`, under the value's key; the others are under
//! that key with their number, 4 bytes, behind it.

use ::sled::{Batch, Tree};

use crate::store::{MAX_VALUE_BYTES, StoreError};

const CHUNK: usize = 4 << 10;
const LENGTH: usize = 4;

/// Puts `parts`, one after another, under `key`.
pub fn put(batch: &mut Batch, key: &[u8], parts: &[&[u8]]) -> Result<(), StoreError> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let length =
        u32::try_from(length).map_err(|_| StoreError::Misuse("a value is longer than any store takes"))?;
    let value = [&[&length.to_be_bytes()[..]], parts].concat().concat();
    for (number, chunk) in value.chunks(CHUNK).enumerate() {
        batch.insert(numbered(key, number), chunk);
    }
    Ok(())
}

/// Removes what is under `key` in `tree`, if anything is.
pub fn remove(batch: &mut Batch, tree: &Tree, key: &[u8]) -> Result<(), StoreError> {
    let Some(first) = tree.get(key)? else {
        return Ok(());
    };
    for number in 0..(length(&first)? + LENGTH).div_ceil(CHUNK) {
        batch.remove(numbered(key, number));
    }
    Ok(())
}

/// The value under `key`.
pub fn get(tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(first) = tree.get(key)? else {
        return Ok(None);
    };
    let length = length(&first)?;
    let mut value = first[LENGTH..].to_vec();
    for number in 1..(length + LENGTH).div_ceil(CHUNK) {
        let chunk = tree
            .get(numbered(key, number))?
            .ok_or_else(|| StoreError::corrupt("a chunk is missing"))?;
        value.extend_from_slice(&chunk);
    }
    if value.len() != length {
        return Err(StoreError::corrupt("a value is not as long as it should be"));
    }
    Ok(Some(value))
}

fn length(first: &[u8]) -> Result<usize, StoreError> {
    let length = first
        .first_chunk()
        .map(|bytes| u32::from_be_bytes(*bytes) as usize);
    length
        .filter(|length| *length <= MAX_VALUE_BYTES + CHUNK)
        .ok_or_else(|| StoreError::corrupt("a value without its length"))
}

fn numbered(key: &[u8], number: usize) -> Vec<u8> {
    match number as u32 {
        0 => key.to_vec(),
        number => [key, &number.to_be_bytes()].concat(),
    }
}
