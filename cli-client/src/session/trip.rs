//! What the engine tells on the way, as far as a command shows it or may fail of it.

use troth_client_core::device::Report;
use troth_protocol::rule::Rule;

use super::Session;
use crate::commands::pick;
use crate::failure::Failure;
use crate::messages::{network, recovery, rules};
use crate::progress::Bar;

/// What is heard from the engine on the way, as far as a command may fail of it.
pub struct Trip<'a> {
    session: &'a Session,
    bar: Bar,
    failure: Option<Failure>,
    /// Work of this device that was refused for good: the rest goes on, but not everything was done.
    aside: Option<Failure>,
    /// Why the relay cannot take now what waits here; it stays, and is sent later.
    busy: Option<Rule>,
    /// Whether to go on until the relay can.
    stays: bool,
}

impl<'a> Trip<'a> {
    /// Nothing heard yet.
    pub fn new(session: &'a Session) -> Self {
        Self {
            session,
            bar: Bar::new(session),
            failure: None,
            aside: None,
            busy: None,
            stays: false,
        }
    }

    /// The same for a command that stays: a relay that is full or busy does not end it.
    pub fn staying(self) -> Self {
        Self { stays: true, ..self }
    }

    /// Takes in a report.
    pub fn hear(&mut self, report: Option<&Report>) {
        let (out, language) = (self.session.out, self.session.language);
        match report {
            Some(Report::Progress { done, total }) => self.bar.at(*done, *total),
            Some(Report::CaughtUp) => self.bar.clear(),
            Some(Report::Refused { rule, .. }) if waits(*rule) => self.wait(*rule),
            Some(Report::Refused { rule, what }) => self.fail(Failure::refused(language, *rule, what)),
            Some(Report::Revoked) => {
                let refused = Failure::refused(language, Rule::Revoked, "");
                self.fail(refused.saying(network::revoked(language)));
            }
            Some(Report::Copied) => {
                let refused = Failure::refused(language, Rule::AuthorChain, "");
                self.fail(refused.saying(network::copied(language)));
            }
            Some(Report::Dishonest(evidence)) => {
                let failure = match self.session.home() {
                    Ok(home) => Failure::dishonest(language, home, evidence),
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
            Some(Report::Withheld { entries }) => {
                self.bar.clear();
                out.note(&network::withheld(language, *entries));
            }
            Some(Report::SnapshotRefused {
                member,
                name,
                lane,
                position,
                why,
            }) => {
                self.bar.clear();
                let member = name.clone().unwrap_or_else(|| pick::short(member));
                out.note(&network::snapshot_refused(
                    language,
                    &member,
                    lane.name(),
                    *position,
                    why,
                ));
            }
            Some(Report::RecoveredByKit { member, name, device }) => {
                self.bar.clear();
                let member = name.clone().unwrap_or_else(|| pick::short(member));
                out.note(&recovery::by_kit(language, &member, &pick::short(device)));
            }
            Some(Report::KeyOffered(key)) => {
                self.bar.clear();
                out.note(&network::key_offered(language, &key.to_string()[..16]));
            }
            Some(Report::Resumed(resumed)) => {
                self.bar.clear();
                let by = pick::short(resumed.by);
                out.note(&recovery::was_resumed(
                    language,
                    &by,
                    resumed.abandoned,
                    resumed.kept,
                ));
            }
            Some(Report::WaitsToBeResumed | Report::RelayClosed(Rule::Behind)) => self.wait(Rule::Behind),
            // A device that the practice knew once is called revoked.
            Some(Report::RelayClosed(Rule::UnknownDevice)) => {
                let refused = Failure::refused(language, Rule::UnknownDevice, "");
                self.fail(refused.saying(recovery::waits(language)));
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

    fn wait(&mut self, rule: Rule) {
        // The engine asks again and again; whoever watches is told once.
        if self.busy.replace(rule) != Some(rule) && self.stays {
            let (out, language) = (self.session.out, self.session.language);
            self.bar.clear();
            out.note(&network::busy(language, &rules::refusal(language, rule)));
        }
    }

    /// Everything was sent after all.
    pub const fn settled(&mut self) {
        self.busy = None;
    }

    /// Takes out why the relay could not take what waits, so that [`Self::end`] does not fail of it.
    pub const fn take_busy(&mut self) -> Option<Rule> {
        self.busy.take()
    }

    /// Whether to stop here.
    pub const fn is_over(&self) -> bool {
        self.failure.is_some() || (self.busy.is_some() && !self.stays)
    }

    /// The first failure that was heard of; evidence of dishonesty goes before all else.
    pub fn end(self) -> Result<(), Failure> {
        self.bar.clear();
        let language = self.session.language;
        let busy = self.busy.map(|rule| Failure::busy(language, rule));
        self.failure.or(self.aside).or(busy).map_or(Ok(()), Err)
    }
}

/// Whether a refusal by this rule is the relay's state and no judgement of the work: the engine keeps the work and sends it again.
const fn waits(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::Quota | Rule::DiskFull | Rule::Unavailable | Rule::Ration | Rule::Behind
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Global;

    fn refused(rule: Rule) -> Report {
        let what = "what waits here".to_owned();
        Report::Refused { rule, what }
    }

    #[test]
    fn a_full_relay_is_one_that_cannot_be_reached_and_does_not_end_a_watch() {
        let session = Session::new(Global::default());
        for rule in [
            Rule::Quota,
            Rule::DiskFull,
            Rule::Unavailable,
            Rule::Ration,
            Rule::Behind,
        ] {
            let mut watch = Trip::new(&session).staying();
            watch.hear(Some(&refused(rule)));
            assert!(!watch.is_over(), "{rule:?}");

            let mut once = Trip::new(&session);
            once.hear(Some(&refused(rule)));
            assert!(once.is_over(), "{rule:?}");
            let failure = once.end().unwrap_err();
            assert_eq!(failure.code(), 3, "{rule:?}");
            assert!(
                failure.message().contains(&format!("R{}", rule.number())),
                "{}",
                failure.message()
            );

            let mut sending = Trip::new(&session);
            sending.hear(Some(&refused(rule)));
            assert_eq!(sending.take_busy(), Some(rule));
            assert!(sending.end().is_ok(), "what was done is answered first");
        }
        let mut judged = Trip::new(&session).staying();
        judged.hear(Some(&refused(Rule::NotPermitted)));
        assert!(judged.is_over());
        assert_eq!(judged.end().unwrap_err().code(), 4);
    }
}
