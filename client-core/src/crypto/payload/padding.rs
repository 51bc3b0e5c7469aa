//! Padmé padding: Nikitin, Barman, Lueks, Underwood, Hubaux, Ford, "Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs" (PoPETs 2019), section 4.

/// The shortest padded length, bytes: most single edits are below it and so look alike.
pub(super) const FLOOR: usize = 256;

/// The length to which `len` bytes are padded.
///
/// A length may use only as many significant bits as its exponent has, so that of lengths up to *L* only
/// `O(log log L)` bits can be told; it costs at most 12 %. Below 256 bytes everything is 256.
pub const fn padme(len: usize) -> usize {
    if len <= FLOOR {
        return FLOOR;
    }
    let exponent = len.ilog2();
    let significant = exponent.ilog2() + 1;
    let mask = (1 << (exponent - significant)) - 1;
    len.saturating_add(mask) & !mask
}
