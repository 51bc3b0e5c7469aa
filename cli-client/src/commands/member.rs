//! `troth member`: inviting, letting in, roles, and leaving.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use serde_json::json;
use troth_client_core::device::MemberSummary;
use troth_protocol::statement::Role;

use super::pick;
use crate::driver;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::member as say;
use crate::output::{columns, time};
use crate::session::Session;

mod admit;
mod invite;
mod remove;

/// What to do with members.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Invite somebody: prints a code to send them, and in a terminal (or with --wait) waits to let them in
    Invite {
        /// What they are to be: admin, counselor, client or auditor
        #[arg(long, value_parser = roles())]
        role: Role,
        /// How to let them in
        #[command(flatten)]
        admission: Admission,
    },
    /// Wait for those whom this device invited, compare the code with them, and let them in
    Confirm {
        /// The invitation: the beginning of its id; by default all that this device made
        invite: Option<String>,
        /// How to let them in
        #[command(flatten)]
        admission: Admission,
    },
    /// List members, and open invitations
    List,
    /// Give a member another role
    Role {
        /// The member: their name, or the beginning of their id
        member: String,
        /// What they are to be: admin, counselor, client or auditor
        #[arg(value_parser = roles())]
        role: Role,
    },
    /// Remove a member with all their devices: they read nothing that is written from now on
    Remove {
        /// The member: their name, or the beginning of their id
        member: String,
        /// What they hold is in the wrong hands: turn the key of every record at once
        #[arg(long)]
        compromised: bool,
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Withdraw an invitation
    Withdraw {
        /// The invitation: the beginning of its id
        invite: String,
    },
}

/// How somebody who was invited is let in.
#[derive(Debug, Args)]
pub struct Admission {
    /// How many seconds to wait for them; 600 where no number is given
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "600")]
    wait: Option<u64>,
    /// Instead of being asked: the code that their device shows; `-` reads it from standard input once they are there
    #[arg(long, value_name = "CODE")]
    compare: Option<String>,
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Invite { role, admission } => invite::invite(session, role, &admission).await,
        Command::Confirm { invite, admission } => {
            invite::confirm(session, invite.as_deref(), &admission).await
        }
        Command::List => list(session),
        Command::Role { member, role } => change(session, &member, role).await,
        Command::Remove {
            member,
            compromised,
            dry_run,
            yes,
        } => remove::remove(session, &member, compromised, dry_run, yes).await,
        Command::Withdraw { invite } => withdraw(session, &invite).await,
    }
}

const ROLES: [(&str, Role); 4] = [
    ("admin", Role::Admin),
    ("counselor", Role::Counselor),
    ("client", Role::Client),
    ("auditor", Role::Auditor),
];

fn roles() -> impl TypedValueParser<Value = Role> {
    let names = PossibleValuesParser::new(ROLES.map(|(name, _)| name));
    names.try_map(|name| {
        let role = ROLES.into_iter().find(|(known, _)| *known == name);
        role.map(|(_, role)| role).ok_or("no role")
    })
}

/// A role as scripts read and write it.
pub fn role_name(role: Role) -> &'static str {
    let known = ROLES.iter().find(|(_, known)| *known == role);
    known.map_or("", |(name, _)| name)
}

/// A role as people read it.
pub fn role_shown(language: Language, role: Role) -> String {
    match role {
        Role::Admin => say::admin(language),
        Role::Counselor => say::counselor(language),
        Role::Client => say::client(language),
        Role::Auditor => say::auditor(language),
    }
}

fn list(session: &Session) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let members = device.members().map_err(|e| session.wrong(e))?;
    let invites = device.invites(driver::now()).map_err(|e| session.wrong(e))?;
    let value = json!({
        "members": members.iter().map(|member| json!({
            "id": member.id.to_string(),
            "name": member.name,
            "role": member.role.map(role_name),
            "devices": member.devices,
            "kits": member.kits,
            "this": member.this,
        })).collect::<Vec<_>>(),
        "invites": invites.iter().map(|invite| json!({
            "id": invite.id.to_string(),
            "role": role_name(invite.role),
            "expires_ms": invite.expires,
            "mine": invite.mine,
        })).collect::<Vec<_>>(),
    });
    let mut rows = vec![say::list_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(members.iter().map(|member| row(language, member)));
    let mut words = columns(&rows);
    if !invites.is_empty() {
        let mut rows: Vec<Vec<String>> = vec![
            say::invites_head(language)
                .split('\t')
                .map(str::to_owned)
                .collect(),
        ];
        rows.extend(invites.iter().map(|invite| {
            let by = if invite.mine {
                say::by_this(language)
            } else {
                say::by_another(language)
            };
            vec![
                pick::short(invite.id),
                role_shown(language, invite.role),
                time(invite.expires),
                by,
            ]
        }));
        words = format!("{words}\n{}", columns(&rows));
    }
    session.out.result(&value, &words)
}

fn row(language: Language, member: &MemberSummary) -> Vec<String> {
    let role = member
        .role
        .map_or_else(|| say::left(language), |role| role_shown(language, role));
    let role = if member.this {
        format!("{role}, {}", say::you(language))
    } else {
        role
    };
    vec![
        pick::short(member.id),
        member.name.clone().unwrap_or_else(|| say::unnamed(language)),
        role,
        member.devices.to_string(),
        member.kits.to_string(),
    ]
}

async fn change(session: &Session, wanted: &str, role: Role) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let member = pick::member(session, &mut device, wanted)?;
    // The admins' keys are handed on, and turned, where they are open.
    session.unlock_if_given(&mut device)?;
    let called = pick::called(&member);
    let changed = member.role != Some(role);
    if changed {
        let last = device.takes_last_sensitive_key(|of, _| role != Role::Admin && *of == member.id);
        if last.map_err(|e| session.wrong(e))? {
            session.out.note(&say::takes_sensitive(language, &called));
        }
        let done = device.change_role(driver::now(), &mut driver::rng(), member.id, role);
        done.map_err(|e| session.wrong(e))?;
    }
    let sent = session.send(&mut device).await?;
    let shown = role_shown(language, role);
    let words = if !changed {
        say::role_same(language, &called, &shown)
    } else if sent.is_sent() {
        say::role_changed(language, &called, &shown)
    } else {
        say::role_waits(language, &called)
    };
    let value = json!({ "member": member.id.to_string(), "role": role_name(role), "changed": changed });
    sent.finish(session, value, &words)
}

async fn withdraw(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let invite = pick::invite(session, &device, wanted)?;
    let done = device.withdraw_invite(&mut driver::rng(), invite.id);
    done.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let words = if sent.is_sent() {
        say::withdrawn(language, &pick::short(invite.id))
    } else {
        say::withdrawal_waits(language, &pick::short(invite.id))
    };
    let value = json!({ "invite": invite.id.to_string(), "withdrawn": sent.is_sent() });
    sent.finish(session, value, &words)
}
