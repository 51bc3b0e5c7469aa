//! The command line, as it is typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    case, completions, device, export, field, inbox, intake, ledger, man, member, note, passphrase, practice,
    quarantine, recovery, share, sync,
};
use crate::demo;
use crate::language::Language;

/// Printed below the help of the command itself.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed
  2  the command makes no sense as it was typed
  3  the relay cannot be reached, or is full or busy; the work is kept on this device and `troth sync` sends it
  4  refused by a rule
  5  EVIDENCE OF A DISHONEST RELAY, in the file that the message names";

/// Shared, encrypted records of a counseling practice, kept on this device and synced through a relay that cannot read them.
#[derive(Debug, Parser)]
#[command(name = "troth", version, after_help = EXIT_CODES, max_term_width = 110, disable_help_subcommand = true)]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options for every command")]
pub struct Global {
    /// Where this device keeps its (encrypted) records; by default a folder of its own in the platform's data directory
    #[arg(long, global = true, env = "TROTH_HOME", value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Read the passphrase from the first line of FILE, or of standard input with `-`
    #[arg(long, global = true, env = "TROTH_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Read the second passphrase, for assessments and process notes, from the first line of FILE, or of standard input with `-`
    #[arg(
        long,
        global = true,
        env = "TROTH_SENSITIVE_PASSPHRASE_FILE",
        value_name = "FILE"
    )]
    pub sensitive_passphrase_file: Option<PathBuf>,
    /// Print one JSON value on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Never ask anything
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Do not connect: keep what is done until `troth sync`
    #[arg(long, global = true)]
    pub offline: bool,
    /// Trust only the certificates in this PEM file for the relay: for a relay that signed its own
    #[arg(long, global = true, env = "TROTH_RELAY_CA", value_name = "FILE")]
    pub relay_ca: Option<PathBuf>,
    /// Language of messages; by default the environment's
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell the whole story on this machine, in a temporary place, and check every claim
    Demo(demo::Options),
    /// The practice: founding it, joining it, and how it stands
    #[command(subcommand)]
    Practice(practice::Command),
    /// Members: inviting, roles, and leaving
    #[command(subcommand)]
    Member(member::Command),
    /// Devices: linking another one, revoking one
    #[command(subcommand)]
    Device(device::Command),
    /// Passphrases of this device
    #[command(subcommand)]
    Passphrase(passphrase::Command),
    /// Recovery: a printed kit, or other admins, for when every device is lost
    #[command(subcommand)]
    Recovery(recovery::Command),
    /// Cases: a couple or a person in counseling
    #[command(subcommand)]
    Case(case::Command),
    /// Notes in a case
    #[command(subcommand)]
    Note(note::Command),
    /// Clinical fields in a case
    #[command(subcommand)]
    Field(field::Command),
    /// Who reads which lane of a case
    #[command(subcommand)]
    Share(share::Command),
    /// Links through which a client answers a form without an account
    #[command(subcommand)]
    Intake(intake::Command),
    /// What came through intake links
    #[command(subcommand)]
    Inbox(inbox::Command),
    /// What was set aside for review: showing it, entering it again, discarding it
    #[command(subcommand)]
    Quarantine(quarantine::Command),
    /// Send what waits and fetch what is new
    Sync(sync::Options),
    /// The ledger: what happened, and the proof of it
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Write a case into files that other programs open; they are not encrypted
    Export(export::Options),
    /// Print a script that completes commands in a shell
    Completions(completions::Options),
    /// Write manual pages into a directory
    Man(man::Options),
}
