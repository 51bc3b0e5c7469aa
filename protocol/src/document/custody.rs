//! Process notes after their author: lost with them, or a custodian's.

use crate::document::Document;
use crate::ids::MemberId;
use crate::roster::Roster;
use crate::statement::{Lane, Principal};

impl Document {
    /// Whose process notes these are: the only one who ever was given a right. `None` for every other lane.
    pub fn author_of_notes(&self) -> Option<MemberId> {
        match self.readers.first()?.reader.principal {
            Principal::Member(author) if self.lane == Lane::ProcessNotes => Some(author),
            _ => None,
        }
    }

    /// To whom process notes are sealed besides their author, as of a position: the custodian that the policy named when they
    /// were begun, while they are an admin or a counselor. Whoever sets the policy later cannot reach back for them.
    pub fn custodian(&self, roster: &Roster, position: u64) -> Option<MemberId> {
        let author = self.author_of_notes()?;
        // Before its first epoch it is being begun now.
        let begun = self.epochs.first().map_or(position, |e| e.from);
        let named = roster.custodian(begun)?;
        (named != author && roster.is_staff(&named, position)).then_some(named)
    }

    /// Whether a member reads process notes as their custodian as of a position: not before their author has left.
    pub(super) fn inherits(&self, roster: &Roster, member: &MemberId, position: u64) -> bool {
        let gone = |author: MemberId| roster.role(&author, position).is_none();
        self.custodian(roster, position) == Some(*member) && self.author_of_notes().is_some_and(gone)
    }

    /// The positions between which a member could read process notes as their custodian.
    pub(super) fn inherited(&self, roster: &Roster, member: &MemberId) -> Vec<(u64, u64)> {
        let named = self.epochs.first().and_then(|e| roster.custodian(e.from));
        let left = self
            .author_of_notes()
            .filter(|author| named == Some(*member) && author != member)
            .and_then(|author| roster.members().get(&author)?.left());
        let (Some(left), Some(record)) = (left, roster.members().get(member)) else {
            return Vec::new();
        };
        let as_staff = record.tenures().filter(|(role, ..)| role.is_staff());
        as_staff
            .map(|(_, since, until)| (since.max(left), until))
            .collect()
    }
}
