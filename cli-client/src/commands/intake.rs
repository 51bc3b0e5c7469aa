//! `troth intake`: links through which a client answers without an account, from both of their sides.

mod client;
mod made;
mod remind;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use troth_protocol::statement::Lane;

use crate::failure::Failure;
use crate::session::Session;

pub use client::LinkOptions;

/// Which partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Partner {
    /// The first.
    A,
    /// The second.
    B,
}

impl Partner {
    /// The partner's own lane.
    pub const fn lane(self) -> Lane {
        match self {
            Self::A => Lane::PartnerA,
            Self::B => Lane::PartnerB,
        }
    }
}

/// What to do with intake links.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a link for one partner: whoever has it can open the form and answer; only who reads their lane can read the answers
    New {
        /// The case: its name, or the beginning of its id
        case: String,
        /// Whose answers: each partner gets a link of their own
        #[arg(long, value_enum)]
        partner: Partner,
        /// The form: a file with a FHIR R4 Questionnaire, or the name of one that comes with the program
        #[arg(long, value_name = "FILE")]
        form: String,
        /// Until when it takes answers: 14d, 2w, 12h, a date or a time
        #[arg(long, default_value = "14d")]
        expires: String,
        /// How many times it takes answers
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
        limit: u8,
        /// Print the link as a code for a telephone's camera, also where the output goes to no screen
        #[arg(long)]
        qr: bool,
    },
    /// List the links, and what came of them
    List {
        /// The case: its name, or the beginning of its id
        case: Option<String>,
    },
    /// Who has not answered yet, and a message for each that says nothing of what is asked, by whom or why
    Remind {
        /// The link: the beginning of its id; all that are open and unanswered where none is named
        invite: Option<String>,
        /// Put the link itself into the message, for somebody who has lost it
        #[arg(long, requires = "invite")]
        with_link: bool,
    },
    /// Close a link: it takes no answers any more
    Revoke {
        /// The link: the beginning of its id
        invite: String,
    },
    /// The client's side: answer through a link, without a browser
    Fill {
        #[command(flatten)]
        link: LinkOptions,
        /// The answers: a file with a FHIR R4 QuestionnaireResponse
        #[arg(long, value_name = "FILE")]
        answers: PathBuf,
    },
    /// The client's side: how a link stands; with its PIN, what was sent, and what the practice answered
    Status {
        #[command(flatten)]
        link: LinkOptions,
    },
    /// The client's side: withdraw consents that were given through a link
    Withdraw {
        #[command(flatten)]
        link: LinkOptions,
        /// Which consent, by its name in the form; all of them where none is named
        #[arg(long)]
        consent: Vec<String>,
    },
    /// The client's side: ask for a copy of what was sent
    Copy {
        #[command(flatten)]
        link: LinkOptions,
    },
    /// The client's side: ask for the erasure of what was sent
    Erase {
        #[command(flatten)]
        link: LinkOptions,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::New {
            case,
            partner,
            form,
            expires,
            limit,
            qr,
        } => made::new(session, &case, partner, &form, (&expires, limit), qr).await,
        Command::List { case } => made::list(session, case.as_deref()),
        Command::Remind { invite, with_link } => remind::remind(session, invite.as_deref(), with_link),
        Command::Revoke { invite } => made::revoke(session, &invite).await,
        Command::Fill { link, answers } => client::fill(session, &link, &answers).await,
        Command::Status { link } => client::status(session, &link).await,
        Command::Withdraw { link, consent } => client::withdraw(session, &link, consent).await,
        Command::Copy { link } => client::request(session, &link, client::Request::Copy).await,
        Command::Erase { link } => client::request(session, &link, client::Request::Erase).await,
    }
}
