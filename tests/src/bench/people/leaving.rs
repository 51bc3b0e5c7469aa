//! An admin leaves a practice of fifty: the admins' keys turn, and the documents wait until somebody writes to them.

use anyhow::{Context, Result, ensure};
use troth_protocol::ids::{CaseId, MemberId};
use troth_protocol::statement::Role;

use super::super::setup::Scratch;
use super::super::{Options, Report, Target};
use super::office::Office;
use super::{milliseconds, open_cases, practice, send};

/// Members.
const PEOPLE: usize = 50;
/// Admins among them, at the first seats.
const ADMINS: usize = 3;

/// A practice of which an admin has left.
pub struct Practice {
    /// Everybody, and the relay.
    pub office: Office,
    /// The cases of the admin at seat 0.
    pub cases: Vec<CaseId>,
    /// Counselors, none of whom was given a case.
    pub counselors: Vec<MemberId>,
    _data: Scratch,
}

/// Measures until the remover has applied the roster statement that the relay took.
pub fn measure(options: &Options, report: &mut Report) -> Result<Practice> {
    let documents = if options.quick { 100 } else { 1000 };
    let data = Scratch::new("people-leaving")?;
    let mut net = practice(2, &data)?;
    while net.seats.len() < PEOPLE {
        let role = match net.seats.len() {
            ..ADMINS => Role::Admin,
            _ => Role::Counselor,
        };
        let new = net.admit(0, role, "Noor Haddad");
        net.offline(new);
        net.wire.clear();
    }
    send(&mut net);
    let cases = open_cases(&mut net, documents)?;
    let mut office = Office::over(net);
    office.connect_all(0..PEOPLE)?;
    ensure!(stale(&office)? == 0, "no document is stale before anybody left");

    let leaver = member(&office, ADMINS - 1)?;
    let before = office.size()?;
    office.reset();
    office.act(0, |device, now, rng| {
        device.remove_member(now, rng, leaver, false)
    })?;
    office.pump(0)?;
    office.run_until(|office| {
        let state = office.desks[0].device.state();
        state.is_some_and(|state| state.roster.role(&leaver, u64::MAX).is_none())
    })?;
    let (remover, relay) = (office.desks[0].spent, office.relay);
    office.run()?;

    let tally = office.since(before)?;
    let name = format!("an admin leaves a practice of {PEOPLE}");
    let whole = milliseconds(remover + relay);
    report.aim(format!("{name}: all"), whole, "ms", Target::AtMost(1000.0));
    report.add(format!("{name}: remover"), milliseconds(remover), "ms");
    report.add(format!("{name}: relay"), milliseconds(relay), "ms");
    report.add(format!("{name}: roster entries"), tally.roster as f64, "");
    report.add(format!("{name}: keys sealed"), tally.roster_keys as f64, "");
    let none = Target::AtMost(0.0);
    report.aim(
        format!("{name}: document entries"),
        tally.control as f64,
        "",
        none,
    );
    report.add(format!("{name}: documents now stale"), stale(&office)? as f64, "");
    let roster = &office.state()?.roster;
    let counselors = roster.members_with(Role::Counselor, u64::MAX).copied().collect();
    Ok(Practice {
        counselors,
        office,
        cases,
        _data: data,
    })
}

/// The member whose device sits there.
pub fn member(office: &Office, seat: usize) -> Result<MemberId> {
    office.desks[seat].device.member().context("a member")
}

/// Documents that nobody may write to before their key has turned.
pub fn stale(office: &Office) -> Result<usize> {
    let (state, size) = (office.state()?, office.size()?);
    let stale = state.documents.values();
    Ok(stale
        .filter(|d| d.is_stale(&state.roster, size, office.now))
        .count())
}
