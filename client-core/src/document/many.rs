//! Many documents at once: what a new device, or one that was away, has to open.

use super::error::DocumentError;
use super::guard::{Applied, Incoming};
use super::{LaneDocument, watch};

/// Applies to each document what others sent for it, beside it here, as [`LaneDocument::apply`] does, with every check of it:
/// on as many threads as the machine has cores (at most [`limits::CALLERS`](super::limits::CALLERS)), one
/// after the other in WebAssembly. The results are in the order of the documents; what goes wrong with one
/// leaves the others alone.
pub fn apply_many(documents: &mut [(&mut LaneDocument, &[Incoming])]) -> Vec<Result<Applied, DocumentError>> {
    watch::each(documents, |(document, incoming)| document.apply(incoming))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUTHOR: [u8; 16] = [1; 16];

    /// Twenty documents of five edits; in the seventh somebody damaged the third edit, in the ninth somebody
    /// wrote in another's name, and the eleventh got its edits backwards.
    fn caseload() -> Vec<(LaneDocument, Vec<Incoming>)> {
        (0..20)
            .map(|n| {
                let mut writer = LaneDocument::new(AUTHOR).unwrap();
                let mut edits: Vec<Incoming> = (0..5)
                    .map(|edit| Incoming {
                        change: writer.set_field("mood", &format!("{n} {edit}")).unwrap(),
                        actor: AUTHOR,
                    })
                    .collect();
                match n {
                    7 => edits[2].change[20] ^= 0xff,
                    9 => edits[4].actor = [66; 16],
                    11 => edits.reverse(),
                    _ => {}
                }
                (LaneDocument::new([9; 16]).unwrap(), edits)
            })
            .collect()
    }

    #[test]
    fn many_at_once_come_out_as_one_by_one() {
        let (mut together, mut alone) = (caseload(), caseload());
        let mut jobs: Vec<_> = together
            .iter_mut()
            .map(|(document, edits)| (document, &edits[..]))
            .collect();
        let results = apply_many(&mut jobs);
        assert_eq!(results.len(), 20);
        for (n, (result, (document, edits))) in results.into_iter().zip(&mut alone).enumerate() {
            let applied = result.unwrap();
            let accepted = match n {
                7 => 2,
                9 => 4,
                _ => 5,
            };
            assert_eq!(applied.accepted.len(), accepted, "document {n}");
            assert_eq!(applied, document.apply(edits).unwrap());
            assert_eq!(together[n].0.heads(), document.heads());
            assert_eq!(together[n].0.to_json(), document.to_json());
        }
        assert!(apply_many(&mut []).is_empty());
    }
}
