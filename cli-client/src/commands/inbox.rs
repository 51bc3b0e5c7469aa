//! `troth inbox`: what came through intake links, read, taken into the case, and answered.

use clap::Subcommand;
use serde_json::{Value, json};
use troth_client_core::device::Arrived;
use troth_client_core::intake::{Consent, Said};
use troth_forms::{Checked, Questionnaire, Response, plain, words};
use troth_protocol::statement::SubmissionKind;

use super::pick;
use crate::driver;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::{failure, intake as say};
use crate::output::{columns, time};
use crate::secrets;
use crate::session::{Device, Session};

/// What to do with what came.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what came through intake links
    List,
    /// Show what came, with scores and what asks for attention at once
    Show {
        /// What came: the beginning of its id
        submission: String,
    },
    /// Take answers into the partner's lane and their consents into the case; or do what was asked for, and answer
    Accept {
        /// What came: the beginning of its id
        submission: String,
        /// Where erasure was asked for: destroy the whole lane of that partner, for everybody
        #[arg(long)]
        erase: bool,
        /// Take answers that are not by whoever answered first through that link: you have asked the client
        #[arg(long)]
        different_sender: bool,
    },
}

/// Does it.
///
/// # Errors
/// What stands in the way.
pub async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::List => list(session),
        Command::Show { submission } => show(session, &submission),
        Command::Accept {
            submission,
            erase,
            different_sender,
        } => accept(session, &submission, erase, different_sender).await,
    }
}

/// What came, checked against the form that was sent.
struct Opened {
    arrived: Arrived,
    case: String,
    form: Option<Questionnaire>,
    response: Option<Response>,
}

impl Opened {
    /// The answers, if they hold against the form; why not, otherwise. Nothing of a client's is believed before that.
    fn checked(&self, language: Language) -> Result<Checked<'_>, String> {
        let (Some(form), Some(response)) = (&self.form, &self.response) else {
            return Err(say::not_opened(language));
        };
        Checked::check(form, response.clone()).map_err(|faults| {
            let say = |fault| words::answer_error(language.of_forms(), fault);
            faults.iter().map(say).collect::<Vec<_>>().join("; ")
        })
    }

    fn is_urgent(&self, language: Language) -> bool {
        self.checked(language)
            .is_ok_and(|checked| !checked.crises().is_empty())
    }

    fn to_json(&self, language: Language) -> Value {
        let a = &self.arrived;
        json!({
            "submission": a.submission.to_string(),
            "invite": a.invite.to_string(),
            "position": a.position,
            "received_ms": a.received,
            "case": a.case.map(|case| case.to_string()),
            "case_name": self.case,
            "lane": a.lane.name(),
            "kind": kind(a.kind),
            "opens": a.said.is_some(),
            "same_client": a.same_client,
            "accepted": a.accepted,
            "replied": a.replied,
            "urgent": self.is_urgent(language),
        })
    }
}

const fn kind(kind: SubmissionKind) -> &'static str {
    match kind {
        SubmissionKind::Answers => "answers",
        SubmissionKind::Withdraw => "withdraw",
        SubmissionKind::Copy => "copy",
        SubmissionKind::Erase => "erase",
    }
}

fn all(session: &Session, device: &mut Device) -> Result<Vec<Opened>, Failure> {
    let arrived = device.inbox().map_err(|e| session.wrong(e))?;
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let opened = arrived.into_iter().map(|arrived| {
        let case = cases.iter().find(|case| Some(case.id) == arrived.case);
        let form = device.form_of(arrived.document, arrived.invite).ok();
        Opened {
            case: case.map(pick::case_name).unwrap_or_default(),
            form: form
                .and_then(|form| Questionnaire::parse(&form).ok())
                .map(|(form, _)| form),
            response: match &arrived.said {
                Some(Said::Answers { response, .. }) => Response::parse(response).ok(),
                _ => None,
            },
            arrived,
        }
    });
    Ok(opened.collect())
}

fn find(session: &Session, device: &mut Device, wanted: &str) -> Result<Opened, Failure> {
    let fits = |o: &Opened| !wanted.is_empty() && o.arrived.submission.to_string().starts_with(wanted);
    let mut found = all(session, device)?.into_iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Failure::usage(say::several(session.language, wanted))),
        (None, _) => Err(Failure::failed(say::no_such_submission(session.language, wanted))),
    }
}

fn list(session: &Session) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let all = all(session, &mut device)?;
    let value = json!({ "inbox": all.iter().map(|o| o.to_json(language)).collect::<Vec<_>>() });
    if all.is_empty() {
        return session.out.result(&value, &say::inbox_empty(language));
    }
    let mut rows = vec![say::inbox_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(all.iter().map(|opened| {
        let urgent = if opened.is_urgent(language) { "!! " } else { "" };
        vec![
            pick::short(opened.arrived.submission),
            time(opened.arrived.received),
            opened.case.clone(),
            opened.arrived.lane.name().to_owned(),
            format!("{urgent}{}", say::kind(language, opened.arrived.kind)),
            standing(language, &opened.arrived),
        ]
    }));
    session.out.result(&value, &columns(&rows))
}

fn standing(language: Language, arrived: &Arrived) -> String {
    match arrived {
        a if a.said.is_none() => say::not_opened(language),
        a if a.accepted || a.replied => say::accepted(language),
        a if !a.same_client => say::another_client(language),
        _ => say::new(language),
    }
}

fn show(session: &Session, wanted: &str) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let opened = find(session, &mut device, wanted)?;
    let mut value = opened.to_json(language);
    let kind = say::kind(language, opened.arrived.kind);
    let mut lines = vec![say::came(
        language,
        &kind,
        &opened.case,
        opened.arrived.lane.name(),
        &time(opened.arrived.received),
    )];
    if !opened.arrived.same_client {
        lines.push(say::warn_another_client(language));
    }
    match &opened.arrived.said {
        None => lines.push(say::not_opened(language)),
        Some(Said::Answers { .. }) => match opened.checked(language) {
            Err(why) => lines.push(say::answers_refused(language, &why)),
            Ok(checked) => {
                value["response"] = checked.response().to_json();
                value["scores"] = scores(&checked, language);
                value["consents"] = consents(&opened.arrived);
                value["crises"] = checked.crises().iter().map(|item| json!(item.link_id)).collect();
                lines.push(plain::render(&checked, language.of_forms()));
            }
        },
        Some(Said::Withdraw { consents: named }) => {
            // By the form's own names alone: what else a client wrote there is nothing that could be withdrawn.
            let names: Vec<&str> = opened.arrived.consents.iter().map(|c| &*c.name).collect();
            value["withdrawn"] = json!(names);
            value["consents"] = consents(&opened.arrived);
            lines.push(match named.is_empty() {
                true => say::withdraws_all(language),
                false => say::withdraws(language, &names.join(", ")),
            });
        }
        Some(Said::Copy) => lines.push(say::wants_copy(language)),
        Some(Said::Erase) => lines.push(say::wants_erasure(language)),
    }
    session.out.result(&value, &lines.join("\n"))
}

fn scores(checked: &Checked<'_>, language: Language) -> Value {
    let tag = language.of_forms().tag();
    let score = |score: &troth_forms::checked::Score<'_>| {
        json!({
            "item": score.item,
            "value": score.value.get(),
            "most": score.most.get(),
            "band": score.band.show(tag),
            "source": score.source,
        })
    };
    checked.scores().iter().map(score).collect()
}

/// Consents given or withdrawn, for scripts.
fn consents(arrived: &Arrived) -> Value {
    let signed = arrived.consents_signed.is_some();
    let consent = |consent: &Consent| {
        let mut value = json!(consent);
        value["signed"] = signed.into();
        value
    };
    arrived.consents.iter().map(consent).collect()
}

async fn accept(session: &Session, wanted: &str, erase: bool, different_sender: bool) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let opened = find(session, &mut device, wanted)?;
    let arrived = &opened.arrived;
    let (now, mut rng) = (driver::now(), driver::rng());
    let said = arrived.said.as_ref();
    let said = said.ok_or_else(|| Failure::failed(say::not_opened(language)))?;
    let answers = arrived.kind == SubmissionKind::Answers;
    if !(arrived.same_client || answers && different_sender) {
        let mut why = say::warn_another_client(language);
        if answers {
            why = format!("{why} {}", say::different_sender(language));
        }
        return Err(Failure::failed(why));
    }
    let mut value =
        json!({ "submission": arrived.submission.to_string(), "kind": kind(arrived.kind), "accepted": true });
    if arrived.replied {
        // Once is enough: the client is answered, or will be with the next sync.
        let sent = session.send(&mut device).await?;
        return sent.finish(session, value, &say::accepted(language));
    }
    let (done, words) = match said {
        Said::Answers { .. } => {
            opened
                .checked(language)
                .map_err(|why| Failure::failed(say::answers_refused(language, &why)))?;
            let done = device.accept_answers(now, &mut rng, arrived);
            (done, say::taken(language, arrived.lane.name(), &opened.case))
        }
        Said::Withdraw { .. } => (
            device.accept_withdrawal(now, &mut rng, arrived),
            say::withdrawal_taken(language),
        ),
        Said::Copy => (
            device.reply_with_copy(now, &mut rng, arrived),
            say::copy_sent(language),
        ),
        Said::Erase => {
            if !erase {
                return Err(Failure::usage(say::erase_needed(
                    language,
                    arrived.lane.name(),
                    &opened.case,
                )));
            }
            let question = say::ask_erase(language, arrived.lane.name(), &opened.case);
            if !secrets::confirmed(session, &question)? {
                value["accepted"] = false.into();
                return session.out.result(&value, &failure::stopped(language));
            }
            (
                device.erase_and_reply(now, &mut rng, arrived),
                say::erasure_sent(language),
            )
        }
    };
    done.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    sent.finish(session, value, &words)
}
