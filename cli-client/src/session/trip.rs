//! What the engine tells on the way, as far as a command shows it or may fail of it.

use troth_client_core::device::Report;
use troth_protocol::rule::Rule;

use super::Session;
use crate::driver;
use crate::failure::Failure;
use crate::messages::{network, rules};
use crate::progress::Bar;

/// What is heard from the engine on the way, as far as a command may fail of it.
pub struct Trip<'a> {
    session: &'a Session,
    bar: Bar,
    failure: Option<Failure>,
    /// Work of this device that was refused for good: the rest goes on, but not everything was done.
    aside: Option<Failure>,
}

impl<'a> Trip<'a> {
    /// Nothing heard yet.
    pub fn new(session: &'a Session) -> Self {
        Self {
            session,
            bar: Bar::new(session),
            failure: None,
            aside: None,
        }
    }

    /// Takes in a report.
    pub fn hear(&mut self, report: Option<&Report>) {
        let (out, language) = (self.session.out, self.session.language);
        match report {
            Some(Report::Progress { done, total }) => self.bar.at(*done, *total),
            Some(Report::CaughtUp) => self.bar.clear(),
            Some(Report::Refused { rule, what }) => self.fail(Failure::refused(language, *rule, what)),
            Some(Report::Revoked) => {
                let refused = Failure::refused(language, Rule::Revoked, "");
                self.fail(refused.saying(network::revoked(language)));
            }
            Some(Report::Dishonest(evidence)) => {
                let failure = match self.session.home() {
                    Ok(home) => Failure::dishonest(language, home, driver::now(), evidence),
                    Err(failure) => failure,
                };
                self.failure = Some(failure);
            }
            Some(Report::Quarantined { what, rule }) => {
                self.bar.clear();
                let said = network::quarantined(language, what);
                match rule {
                    Some(rule) => {
                        self.aside
                            .get_or_insert_with(|| Failure::refused(language, *rule, &said));
                    }
                    None => out.note(&said),
                }
            }
            Some(Report::RelayClosed(rule)) => {
                self.bar.clear();
                out.note(&network::closed(language, &rules::refusal(language, *rule)));
            }
            _ => {}
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.bar.clear();
        self.failure.get_or_insert(failure);
    }

    /// Whether to stop here.
    pub const fn is_over(&self) -> bool {
        self.failure.is_some()
    }

    /// The first failure that was heard of; evidence of dishonesty goes before all else.
    pub fn end(self) -> Result<(), Failure> {
        self.bar.clear();
        self.failure.or(self.aside).map_or(Ok(()), Err)
    }
}
