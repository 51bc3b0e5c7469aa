//! What a running process holds in its memory.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use anyhow::{Context, Result};

/// The longest stretch read at once, in bytes.
const STEP: u64 = 16 << 20;

/// Reads every writable stretch of a process's memory, and hands each piece to `look`. Pieces overlap by `overlap` bytes, so
/// that what is searched for is never cut in two. Only for a process that this one started.
///
/// # Errors
/// The process is gone, or the kernel forbids it.
pub fn read(pid: u32, overlap: usize, mut look: impl FnMut(&[u8])) -> Result<u64> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let mut seen = 0;
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (range, rights) = (
            fields.next().context("a range")?,
            fields.next().context("rights")?,
        );
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').context("a range")?;
        let (mut from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        while from < to {
            let mut piece = vec![0; usize::try_from((to - from).min(STEP))?];
            // Guard pages and device memory cannot be read, and hold nothing of the program's.
            let Ok(read) = memory.read_at(&mut piece, from) else {
                break;
            };
            if read == 0 {
                break;
            }
            look(&piece[..read]);
            seen += read as u64;
            from += if from + read as u64 >= to {
                read
            } else {
                read.saturating_sub(overlap).max(1)
            } as u64;
        }
    }
    Ok(seen)
}
