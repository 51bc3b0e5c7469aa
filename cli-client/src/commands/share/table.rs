//! Who can read which lane.

use std::collections::BTreeMap;

use serde_json::json;
use troth_client_core::device::Access;
use troth_protocol::ids::MemberId;
use troth_protocol::statement::{Lane, Rights};

use super::{consents, rights_name};
use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::share as say;
use crate::output::{columns, one_line, time};
use crate::session::Session;

/// Lanes by members: rights, their end, and whether the keys say the same.
///
/// # Errors
/// What stands in the way.
pub fn list(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, wanted)?;
    let members = device.members().map_err(|e| session.wrong(e))?;
    let names: BTreeMap<MemberId, Option<&str>> = members.iter().map(|m| (m.id, m.name.as_deref())).collect();
    let access = device.access_of(driver::now(), &case.id);
    let access = access.map_err(|e| session.wrong(e))?;
    let value: Vec<_> = access
        .iter()
        .map(|access| {
            json!({
                "lane": access.lane.name(),
                "document": access.document.to_string(),
                "member": access.member.to_string(),
                "name": names.get(&access.member),
                "rights": access.rights.map(rights_name),
                "until_ms": access.until,
                "ended": has_ended(access),
                "by_role": access.by_role,
                "holds_key": access.holds_key,
            })
        })
        .collect();
    let mut columns_of: Vec<MemberId> = Vec::new();
    let mut lanes: Vec<Lane> = Vec::new();
    for access in &access {
        if !columns_of.contains(&access.member) {
            columns_of.push(access.member);
        }
        if !lanes.contains(&access.lane) {
            lanes.push(access.lane);
        }
    }
    let mut rows = vec![vec![say::lane(language)]];
    rows[0].extend(columns_of.iter().map(|id| {
        let name = names.get(id).copied().flatten();
        name.map_or_else(|| pick::short(id), str::to_owned)
    }));
    for lane in lanes {
        let mut row = vec![lane.name().to_owned()];
        row.extend(columns_of.iter().map(|member| {
            let found = access.iter().find(|a| a.lane == lane && a.member == *member);
            found.map_or_else(|| "-".to_owned(), |access| cell(language, access))
        }));
        rows.push(row);
    }
    let title = format!("{}  {}", one_line(&pick::case_name(&case)), pick::short(case.id));
    let (consents, lines) = consents::of_case(session, &mut device, &case.id)?;
    let value = json!({ "case": case.id.to_string(), "access": value, "consents": consents });
    let mut words = format!("{title}\n{}", columns(&rows));
    if !lines.is_empty() {
        words = format!("{words}\n{}\n{}", say::consents(language), lines.join("\n"));
    }
    session.out.result(&value, &words)
}

fn has_ended(access: &Access) -> bool {
    access.rights.is_none() && access.until.is_some()
}

fn cell(language: Language, access: &Access) -> String {
    let rights = match access.rights {
        Some(Rights::Write) => say::write(language),
        Some(Rights::Read) => say::read(language),
        None if has_ended(access) => say::ended(language),
        None => say::nothing(language),
    };
    let until = access.until.map(|until| match access.rights {
        Some(_) => say::until(language, &time(until)),
        None => time(until),
    });
    let key = match (access.rights, access.holds_key) {
        (Some(_), false) => Some(say::no_key(language)),
        (None, true) => Some(say::old_key(language)),
        _ => None,
    };
    let parts: Vec<String> = [Some(rights), until, key].into_iter().flatten().collect();
    parts.join(", ")
}
