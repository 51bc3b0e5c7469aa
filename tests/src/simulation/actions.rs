// Long because everything that can happen in a story stands in one list, drawn from in one order.

//! What people do, and what happens to them. Each is drawn from the seed; what cannot be done just now is passed over.

use rand::RngExt;
use troth_client_core::crypto::Passphrase;
use troth_client_core::device::{SensitiveState, Share};
use troth_client_core::document::NewNote;
use troth_protocol::document::Document;
use troth_protocol::ids::{CaseId, DeviceId, DocumentId, MemberId};
use troth_protocol::keys::Class;
use troth_protocol::statement::{Lane, Rights, Role};

use super::faults::Fault;
use super::record::Note;
use super::seat::CHEAP;
use super::world::{Happening, SeatId, Step, World};
use crate::network::SENSITIVE_PASSPHRASE;

const LANES: [Lane; 6] = [
    Lane::Joint,
    Lane::Joint,
    Lane::PartnerA,
    Lane::PartnerB,
    Lane::Admin,
    Lane::Assessments,
];
const KEYS: [&str; 3] = ["goal", "next", "mood"];

/// The id of a note.
pub fn note_id(number: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&number.to_be_bytes());
    id
}

impl World {
    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() {
            return None;
        }
        let at = self.fate.random_range(0..of.len());
        of.get(at).copied()
    }

    fn someone(&mut self) -> Option<SeatId> {
        let up: Vec<SeatId> = (0..self.seats.len())
            .filter(|seat| self.seats[*seat].member().is_some())
            .collect();
        self.pick(&up)
    }

    fn admin(&mut self) -> Option<SeatId> {
        let admins: Vec<SeatId> = (0..self.seats.len())
            .filter(|seat| self.seats[*seat].device().and_then(|d| d.role()) == Some(Role::Admin))
            .collect();
        self.pick(&admins)
    }

    fn staff(&mut self) -> Option<SeatId> {
        let staff: Vec<SeatId> = (0..self.seats.len())
            .filter(|seat| {
                let role = self.seats[*seat].device().and_then(|d| d.role());
                role.is_some_and(Role::is_staff)
            })
            .collect();
        self.pick(&staff)
    }

    /// Members as a seat knows them.
    fn members(&self, seat: SeatId) -> Vec<(MemberId, Role)> {
        let Some(state) = self.seats[seat].device().and_then(|d| d.state()) else {
            return Vec::new();
        };
        let with_role = |id: &MemberId| Some((*id, state.roster.role(id, u64::MAX)?));
        state.roster.members().keys().filter_map(with_role).collect()
    }

    fn another_member(&mut self, seat: SeatId) -> Option<(MemberId, Role)> {
        let own = self.seats[seat].member();
        let others: Vec<_> = self
            .members(seat)
            .into_iter()
            .filter(|(id, _)| Some(*id) != own)
            .collect();
        self.pick(&others)
    }

    fn a_case(&mut self, seat: SeatId) -> Option<CaseId> {
        let state = self.seats[seat].device()?.state()?;
        let mut cases: Vec<CaseId> = state.documents.values().filter_map(Document::case).collect();
        cases.sort_unstable();
        cases.dedup();
        self.pick(&cases)
    }

    /// A document that a seat may write to, as far as it knows.
    fn a_document(&mut self, seat: SeatId) -> Option<DocumentId> {
        let clock = self.clock(seat);
        let device = self.seats[seat].device()?;
        let (state, me) = (device.state()?, device.member()?);
        let locked = !matches!(device.sensitive(), SensitiveState::Open { .. });
        let position = device.frontier().size();
        let writable = |d: &&Document| {
            let rights = d.rights(&state.roster, &me, position, clock.max(state.received));
            rights == Some(Rights::Write) && !d.is_closed() && !(locked && d.class() == Class::Sensitive)
        };
        let found: Vec<DocumentId> = state
            .documents
            .values()
            .filter(writable)
            .map(Document::id)
            .collect();
        self.pick(&found)
    }

    /// One thing happens.
    pub fn act(&mut self) -> Step {
        match self.fate.random_range(0..100) {
            0..34 => self.someone_writes(),
            34..38 => self.someone_sets_a_field(),
            38..41 => match self.staff() {
                Some(seat) => self.open_case(seat),
                None => Ok(()),
            },
            41..46 => self.someone_shares(),
            46..48 => self.someone_unshares(),
            48..50 => self.someone_shares_from_now(),
            50..52 => match self.staff() {
                Some(seat) => self.assign_someone(seat),
                None => Ok(()),
            },
            52..54 => self.someone_links(),
            54..56 => self.someone_is_invited(),
            56..59 => self.a_device_is_revoked(),
            59..62 => self.a_role_changes(),
            62..63 => self.a_member_is_removed(),
            63..64 => self.a_case_is_erased(),
            64..68 => self.someone_unlocks(),
            68..76 => self.a_partition(),
            76..81 => self.a_crash(),
            81..86 => {
                let seat = self.fate.random_range(0..self.seats.len());
                self.break_a_disk(seat);
                Ok(())
            }
            86..92 => {
                self.break_the_store();
                Ok(())
            }
            92..95 => self.a_clock_jumps(),
            95..98 => self.someone_sends_a_record_whole(),
            _ => self.someone_reads(),
        }
    }

    fn someone_writes(&mut self) -> Step {
        let Some(seat) = self.someone() else { return Ok(()) };
        let times = if self.one_in(4) {
            self.fate.random_range(2..6)
        } else {
            1
        };
        for _ in 0..times {
            if let Some(document) = self.a_document(seat) {
                self.write(seat, document)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, seat: SeatId, document: DocumentId) -> Step {
        let number = self.record.notes.len() as u64 + 1;
        let note = NewNote {
            author: String::new(),
            created_ms: self.clock(seat),
            template: String::new(),
            text: format!("note {number}"),
        };
        let known = self.seats[seat].device().map_or(0, |d| d.frontier().size());
        let (boot, at) = (self.seats[seat].boot, self.record.notes.len());
        self.record.notes.push(Note {
            number,
            seat,
            document,
            kept: false,
            known,
        });
        let words = format!("writes note {number} in {document}");
        let written = self.ask(seat, &words, |device, now, rng| {
            device.edit(now, rng, document, |d| d.add_note(note_id(number), &note))
        })?;
        self.record.notes[at].kept = written.is_some();
        // Refused by a program that goes on: certainly not kept.
        if written.is_none() && self.seats[seat].device().is_some() && self.seats[seat].boot == boot {
            self.record.notes.pop();
        }
        Ok(())
    }

    fn someone_sets_a_field(&mut self) -> Step {
        let Some(seat) = self.someone() else { return Ok(()) };
        let Some(document) = self.a_document(seat) else {
            return Ok(());
        };
        let key = KEYS[self.fate.random_range(0..KEYS.len())];
        let value = format!("{}", self.fate.random::<u16>());
        self.ask(seat, &format!("sets {key} in {document}"), |device, now, rng| {
            device.edit(now, rng, document, |d| d.set_field(key, &value))
        })?;
        Ok(())
    }

    /// Opens a case.
    pub fn open_case(&mut self, seat: SeatId) -> Step {
        self.ask(seat, "opens a case", |device, now, rng| {
            device.new_case(now, rng, "Okafor & Lindqvist", "Chidi", Some("Maja"))
        })?;
        Ok(())
    }

    fn a_share(&mut self, seat: SeatId) -> Option<(CaseId, Lane, Share)> {
        let (case, (member, _)) = (self.a_case(seat)?, self.another_member(seat)?);
        let lane = LANES[self.fate.random_range(0..LANES.len())];
        let rights = if self.one_in(3) {
            Rights::Read
        } else {
            Rights::Write
        };
        let until = self
            .one_in(5)
            .then(|| self.now + self.fate.random_range(5_000..120_000));
        Some((
            case,
            lane,
            Share {
                member,
                rights,
                until,
            },
        ))
    }

    fn someone_shares(&mut self) -> Step {
        let Some(seat) = self.staff() else { return Ok(()) };
        let Some((case, lane, share)) = self.a_share(seat) else {
            return Ok(());
        };
        let words = format!(
            "shares {} with {} ({:?}, {:?})",
            lane.name(),
            share.member,
            share.rights,
            share.until
        );
        self.ask(seat, &words, |device, _, rng| {
            device.share(rng, &case, lane, share)
        })?;
        Ok(())
    }

    fn someone_shares_from_now(&mut self) -> Step {
        let Some(seat) = self.staff() else { return Ok(()) };
        let Some((case, lane, share)) = self.a_share(seat) else {
            return Ok(());
        };
        let words = format!("shares {} from now on with {}", lane.name(), share.member);
        self.ask(seat, &words, |device, now, rng| {
            device.share_from_now(now, rng, &case, lane, share)
        })?;
        Ok(())
    }

    fn someone_unshares(&mut self) -> Step {
        let Some(seat) = self.staff() else { return Ok(()) };
        let Some((case, lane, share)) = self.a_share(seat) else {
            return Ok(());
        };
        let words = format!("ends the share of {} with {}", lane.name(), share.member);
        self.ask(seat, &words, |device, _, rng| {
            device.unshare(rng, &case, lane, share.member)
        })?;
        Ok(())
    }

    /// Assigns a case to somebody.
    pub fn assign_someone(&mut self, seat: SeatId) -> Step {
        let (Some(case), Some((member, _))) = (self.a_case(seat), self.another_member(seat)) else {
            return Ok(());
        };
        self.ask(seat, &format!("assigns a case to {member}"), |device, _, rng| {
            device.assign(rng, &case, member)
        })?;
        Ok(())
    }

    fn someone_links(&mut self) -> Step {
        match self.someone() {
            Some(seat) if self.seats.len() < 8 => self.link(seat),
            _ => Ok(()),
        }
    }

    fn someone_is_invited(&mut self) -> Step {
        match self.admin() {
            Some(seat) if self.seats.len() < 8 => {
                let role = if self.one_in(2) {
                    Role::Counselor
                } else {
                    Role::Client
                };
                self.admit(seat, role, "Ira Novak")
            }
            _ => Ok(()),
        }
    }

    fn a_device_is_revoked(&mut self) -> Step {
        let Some(seat) = self.someone() else { return Ok(()) };
        let Some(device) = self.seats[seat].device() else {
            return Ok(());
        };
        let (Some(state), own) = (device.state(), device.id()) else {
            return Ok(());
        };
        let (admin, me) = (device.role() == Some(Role::Admin), device.member());
        let may = |id: &&DeviceId| {
            let of = state.roster.devices().get(*id).map(|d| d.member);
            **id != own && state.roster.active(id, u64::MAX).is_ok() && (admin || of == me)
        };
        let found: Vec<_> = state.roster.devices().keys().filter(may).copied().collect();
        let Some(device) = self.pick(&found) else {
            return Ok(());
        };
        let compromised = self.one_in(3);
        let words = format!(
            "revokes device {device}{}",
            if compromised { ", compromised" } else { "" }
        );
        if self.takes_sensitive_along(seat, |_, id| *id == device) {
            return Ok(());
        }
        self.ask(seat, &words, |d, now, rng| {
            d.revoke_device(now, rng, device, compromised)
        })?;
        Ok(())
    }

    fn a_role_changes(&mut self) -> Step {
        let Some(seat) = self.admin() else { return Ok(()) };
        let Some((member, _)) = self.another_member(seat) else {
            return Ok(());
        };
        let Some(role) = self.pick(&[Role::Admin, Role::Counselor, Role::Client, Role::Auditor]) else {
            return Ok(());
        };
        if role != Role::Admin && self.takes_sensitive_along(seat, |of, _| *of == member) {
            return Ok(());
        }
        let words = format!("makes {member} {role:?}");
        self.ask(seat, &words, |device, now, rng| {
            device.change_role(now, rng, member, role)
        })?;
        Ok(())
    }

    fn a_member_is_removed(&mut self) -> Step {
        let Some(seat) = self.admin() else { return Ok(()) };
        let Some((member, _)) = self.another_member(seat) else {
            return Ok(());
        };
        let compromised = self.one_in(3);
        if self.takes_sensitive_along(seat, |of, _| *of == member) {
            return Ok(());
        }
        let words = format!("removes {member}");
        self.ask(seat, &words, |device, now, rng| {
            device.remove_member(now, rng, member, compromised)
        })?;
        Ok(())
    }

    /// People heed the warning that what is sensitive would stay closed for good.
    fn takes_sensitive_along(&self, seat: SeatId, leaves: impl Fn(&MemberId, &DeviceId) -> bool) -> bool {
        let device = self.seats[seat].device();
        device.is_some_and(|d| d.takes_last_sensitive_key(leaves).unwrap_or(false))
    }

    fn a_case_is_erased(&mut self) -> Step {
        let Some(seat) = self.admin() else { return Ok(()) };
        let Some(case) = self.a_case(seat) else {
            return Ok(());
        };
        self.ask(seat, "erases a case", |device, _, rng| {
            device.erase_case(rng, &case)
        })?;
        Ok(())
    }

    fn someone_sends_a_record_whole(&mut self) -> Step {
        let Some(seat) = self.someone() else { return Ok(()) };
        let Some(document) = self.a_document(seat) else {
            return Ok(());
        };
        self.ask(seat, "sends a record whole", |device, now, rng| {
            device.snapshot(now, rng, document)
        })?;
        Ok(())
    }

    fn someone_unlocks(&mut self) -> Step {
        match self.someone() {
            Some(seat) => self.unlock(seat),
            None => Ok(()),
        }
    }

    /// Opens what is sensitive on a device; the first time, chooses its second passphrase.
    pub fn unlock(&mut self, seat: SeatId) -> Step {
        match self.seats[seat].device().map(|device| device.sensitive()) {
            Some(SensitiveState::NotSet) => {
                let Ok(passphrase) = Passphrase::new(SENSITIVE_PASSPHRASE, &[]) else {
                    return Ok(());
                };
                self.ask(seat, "chooses a second passphrase", |device, now, rng| {
                    device.set_sensitive_passphrase(now, rng, &passphrase, CHEAP)
                })?;
            }
            Some(SensitiveState::Locked) => {
                self.ask(seat, "unlocks", |device, now, _| {
                    device.unlock_sensitive(now, SENSITIVE_PASSPHRASE)
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whoever has a second passphrase gives it.
    pub fn unlock_if_locked(&mut self, seat: SeatId) -> Step {
        match self.seats[seat].device().map(|device| device.sensitive()) {
            Some(SensitiveState::Locked) => self.unlock(seat),
            _ => Ok(()),
        }
    }

    fn someone_reads(&mut self) -> Step {
        let Some(seat) = self.someone() else { return Ok(()) };
        self.ask(seat, "looks at the cases", |device, _, rng| {
            device.cases()?;
            device.flush(rng)
        })?;
        Ok(())
    }

    fn a_partition(&mut self) -> Step {
        let seat = self.fate.random_range(0..self.seats.len());
        let silently = self.one_in(4);
        let lasts = self.fate.random_range(500..60_000);
        self.note(format!(
            "seat {seat} is cut off for {lasts} ms{}",
            if silently { ", silently" } else { "" }
        ));
        self.cut(seat, silently);
        if !self.one_in(4) {
            self.seats[seat].reachable = false;
            self.after(lasts, Happening::Reachable(seat));
        }
        Ok(())
    }

    fn a_crash(&mut self) -> Step {
        let down = self.fate.random_range(100..20_000);
        if self.one_in(3) {
            if self.one_in(2) {
                self.relay.dies_after = Some(self.fate.random_range(0..12));
            } else {
                self.kill_relay(down);
            }
        } else {
            let seat = self.fate.random_range(0..self.seats.len());
            self.kill_seat(seat, down);
        }
        Ok(())
    }

    /// A write, or a read, that comes soon on a device's disk meets with a fault.
    pub fn break_a_disk(&mut self, seat: SeatId) {
        let after = self.fate.random_range(0..8);
        let fault = match self.fate.random_range(0..8) {
            0..3 => Fault::Lost,
            3..6 => Fault::Unheard,
            6 => Fault::Failed,
            _ => Fault::Full,
        };
        self.seats[seat].disk.faults.arm(after, fault);
    }

    /// The same for the relay's.
    pub fn break_the_store(&mut self) {
        let after = self.fate.random_range(0..6);
        let fault = match self.fate.random_range(0..10) {
            0..3 => Fault::Lost,
            3..6 => Fault::Unheard,
            6 => Fault::Failed,
            7 => Fault::Denied,
            8 => Fault::Full,
            _ => {
                let after = self.fate.random_range(0..30);
                return self.relay.store.faults.arm_read(after);
            }
        };
        self.relay.store.faults.arm(after, fault);
    }

    fn a_clock_jumps(&mut self) -> Step {
        let by = self.fate.random_range(-120_000..120_000);
        if self.one_in(3) {
            self.relay.skew = by;
            self.note(format!("the relay's clock is off by {by} ms"));
        } else {
            let seat = self.fate.random_range(0..self.seats.len());
            self.seats[seat].skew = by;
            self.note(format!("seat {seat}'s clock is off by {by} ms"));
        }
        Ok(())
    }
}
