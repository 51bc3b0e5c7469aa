//! Who may see which entry: one pure function, used by the relay to choose and by clients to know what they are owed.

use std::collections::BTreeMap;

use crate::ids::MemberId;
use crate::state::State;
use crate::statement::Role;
use crate::stream::Stream;

/// Whether a member may see the entry of a stream at a position, and still may: what they could read once, up to the very
/// statement that ended it, stays visible.
pub fn may_see(state: &State, member: &MemberId, stream: &Stream, position: u64) -> bool {
    visible_until(state, member, stream).is_some_and(|until| position <= until)
}

/// Whether a member may open the payload of a stream's entry at a time, in milliseconds since the Unix epoch: the relay's
/// clock where it decides what to send.
pub fn may_open(state: &State, member: &MemberId, stream: &Stream, position: u64, now: u64) -> bool {
    opens_until(state, member, stream, now).is_some_and(|until| position <= until)
}

/// The last position of a stream whose payload a member may open at a time; `None` for none, `u64::MAX` for whatever comes.
///
/// Auditors see the statements of records only; the roster's payloads are sealed keys, among them their own. A right whose
/// date has passed opens nothing any more, while its statements are seen until the one that writes its end down: what is
/// valid, and what is counted, depends on no clock.
pub fn opens_until(state: &State, member: &MemberId, stream: &Stream, now: u64) -> Option<u64> {
    let closed = match stream {
        Stream::Roster => false,
        _ if state.roster.role(member, u64::MAX) == Some(Role::Auditor) => true,
        Stream::Document(id) => {
            let document = state.documents.get(id)?;
            document.ended_on(&state.roster, member, u64::MAX, now).is_some()
        }
        _ => false,
    };
    visible_until(state, member, stream).filter(|_| !closed)
}

/// The last position of a stream that a member may see; `None` for nothing at all, `u64::MAX` for whatever comes.
pub fn visible_until(state: &State, member: &MemberId, stream: &Stream) -> Option<u64> {
    let role = state.roster.role(member, u64::MAX)?;
    let oversees = role.oversees();
    match stream {
        Stream::Roster => Some(u64::MAX),
        Stream::Document(_) if role == Role::Auditor => Some(u64::MAX),
        Stream::Document(id) => state.documents.get(id)?.readable_until(&state.roster, member),
        Stream::Device(_) => {
            let own = || {
                state
                    .roster
                    .devices()
                    .iter()
                    .any(|(id, d)| d.member == *member && Stream::device(id) == *stream)
            };
            (oversees || own()).then_some(u64::MAX)
        }
        Stream::Notices => oversees.then_some(u64::MAX),
    }
}

/// The streams that a member may see to their ends, with the entries of each: what the relay signs for, and what the
/// client has counted itself.
pub fn entitled(state: &State, member: &MemberId) -> BTreeMap<Stream, u64> {
    state
        .counts
        .iter()
        .filter(|(stream, _)| visible_until(state, member, stream) == Some(u64::MAX))
        .map(|(stream, count)| (*stream, *count))
        .collect()
}
