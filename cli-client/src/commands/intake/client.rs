//! The client's side of a link: the same code and the same bytes as the page in a browser.

// Long because each command walks the same steps of one conversation, and shows them in the same words.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use troth_client_core::crypto::{ClientKeys, StretchedPin};
use troth_client_core::intake::{Answered, Draft, IntakeError, IntakeLink, Pin, Said, Sending, Visit};
use troth_forms::{Checked, Questionnaire, Response, limits, plain, words};
use troth_protocol::ids::InviteId;
use troth_protocol::rule::Rule;
use troth_protocol::wire::{ClientMessage, Receipt, RelayMessage, Unlocked};

use crate::driver::{self, Relay, stranger};
use crate::failure::Failure;
use crate::messages::{intake as say, network, rules};
use crate::output::time;
use crate::secrets;
use crate::session::Session;

/// A link and its PIN.
#[derive(Debug, Args)]
pub struct LinkOptions {
    /// The link, or `-` to read it from standard input, where nobody else on this computer sees it
    link: String,
    /// Read the PIN from the first line of FILE
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
}

/// What is asked of the practice.
#[derive(Debug, Clone, Copy)]
pub enum Request {
    /// A copy.
    Copy,
    /// Erasure.
    Erase,
}

/// A link that is being visited.
struct Visitor<'a> {
    session: &'a Session,
    relay: Relay,
    link: IntakeLink,
    visit: Visit,
}

/// A client whose PIN was right.
struct Known {
    pin: StretchedPin,
    keys: ClientKeys,
    unlocked: Unlocked,
}

impl<'a> Visitor<'a> {
    async fn come(session: &'a Session, options: &LinkOptions) -> Result<Self, Failure> {
        let text = secrets::code(session, Some(&options.link))?;
        let link = IntakeLink::parse(text.trim()).map_err(|e| refused(session, &e))?;
        let relay = session.relay(&link.relay)?;
        let visit = open(session, &relay, &link).await?;
        Ok(Self {
            session,
            relay,
            link,
            visit,
        })
    }

    /// Asks again how the link stands.
    async fn look_again(&mut self) -> Result<(), Failure> {
        self.visit = open(self.session, &self.relay, &self.link).await?;
        Ok(())
    }

    fn form(&self) -> Result<Questionnaire, Failure> {
        let language = self.session.language;
        let asking = self.visit.asking().map_err(|e| refused(self.session, &e))?;
        let read = Questionnaire::parse(&asking.form);
        read.map(|(form, _)| form).map_err(|error| {
            Failure::failed(say::form_refused(
                language,
                &words::form_error(language.of_forms(), &error),
            ))
        })
    }

    /// Proves the PIN, or chooses it where none was chosen and `choose` allows it.
    async fn prove(&self, options: &LinkOptions, choose: bool) -> Result<Known, Failure> {
        let (session, language) = (self.session, self.session.language);
        let new = self.visit.tries().is_none();
        if new && !choose {
            return Err(Failure::failed(say::nothing_sent(language)));
        }
        let typed = match &options.pin_file {
            Some(file) => secrets::first_line(session, file)?,
            None if new => secrets::new_pin(session)?,
            None => secrets::pin(session, self.visit.tries().unwrap_or_default())?,
        };
        let pin = if new {
            Pin::choose(&typed)
        } else {
            Pin::typed(&typed)
        };
        let pin = pin.map_err(|fault| refused(session, &fault.into()))?;
        session.out.note(&say::stretching(language));
        let pin = self.visit.stretch(&pin).map_err(|e| refused(session, &e))?;
        let unlocked = self.unlocked(&self.visit.unlock(&pin, new)).await?;
        let keys = pin.open(&unlocked.pepper.0);
        Ok(Known { pin, keys, unlocked })
    }

    async fn unlocked(&self, question: &ClientMessage) -> Result<Unlocked, Failure> {
        let language = self.session.language;
        match ask(self.session, &self.relay, question).await? {
            RelayMessage::Unlocked(unlocked) => Ok(unlocked),
            RelayMessage::NoLink(no) if no.rule() == Rule::Pin => Err(Failure::not_allowed(say::wrong_pin(
                language,
                usize::from(no.tries.unwrap_or_default()),
            ))),
            RelayMessage::NoLink(no) => Err(Failure::refused(language, no.rule(), &say::this_link(language))),
            _ => Err(Failure::failed(say::strange_answer(language))),
        }
    }

    async fn send(&self, sending: &Sending) -> Result<Receipt, Failure> {
        let language = self.session.language;
        match ask(self.session, &self.relay, &sending.message).await? {
            RelayMessage::Appended(appended) => {
                let receipt = appended.receipts.first().copied();
                receipt.ok_or_else(|| Failure::failed(say::strange_answer(language)))
            }
            RelayMessage::Refused(no)
                if matches!(no.rule(), Rule::Unavailable | Rule::DiskFull | Rule::Quota) =>
            {
                Err(Failure::busy(language, no.rule()))
            }
            RelayMessage::Refused(no) => Err(Failure::refused(
                language,
                no.rule(),
                &say::what_you_sent(language),
            )),
            _ => Err(Failure::failed(say::strange_answer(language))),
        }
    }

    /// Says something, waits until it is durable, and looks at what the relay signed since.
    async fn say(&mut self, known: &Known, said: &Said) -> Result<Value, Failure> {
        let session = self.session;
        let saying = self
            .visit
            .say(&mut driver::rng(), driver::now(), &known.keys, said);
        let sending = saying.map_err(|e| refused(session, &e))?;
        let receipt = self.send(&sending).await?;
        self.look_again().await?;
        let checkpoint = *self.visit.checkpoint();
        if !self.visit.is_kept(receipt.position) {
            return Err(Failure::failed(say::no_checkpoint(session.language)));
        }
        let asking = self.visit.asking().map_err(|e| refused(session, &e))?;
        let origin = self.visit.ledger_origin(&asking.origin);
        Ok(json!({
            "practice": self.visit.practice().to_string(),
            "submission": sending.hash.to_string(),
            "position": receipt.position,
            "received_ms": receipt.received,
            "checkpoint": { "origin": origin, "size": checkpoint.size, "root": checkpoint.root.to_string() },
        }))
    }
}

/// Answers through a link.
///
/// # Errors
/// The answers do not hold against the form; the link takes none; what stands in the way of sending.
pub async fn fill(session: &Session, options: &LinkOptions, answers: &Path) -> Result<(), Failure> {
    let language = session.language;
    let mut visitor = Visitor::come(session, options).await?;
    if let Some(rule) = visitor.visit.closed() {
        let sent = visitor.visit.sent();
        if rule == Rule::Link && sent > 0 {
            return Err(Failure::not_allowed(say::already_came(language, sent)));
        }
        return Err(refused(session, &IntakeError::Closed(rule)));
    }
    let form = visitor.form()?;
    let text = secrets::file(session, answers, limits::RESPONSE)?;
    let response = Response::parse(text.as_bytes()).map_err(|e| not_holding(session, &[e]))?;
    let checked = Checked::check(&form, response).map_err(|faults| not_holding(session, &faults))?;
    let response = checked.response().to_json().to_string();
    let shown = checked.language().to_owned();
    let known = visitor.prove(options, true).await?;
    let said = Said::Answers {
        response: response.clone().into_bytes().into(),
        language: shown,
    };
    let receipt = visitor.say(&known, &said).await?;
    // What was sent stays behind the PIN for a while, to be looked at again.
    let draft = Draft {
        response: response.into_bytes().into(),
        sent: receipt["position"].as_u64(),
    };
    let keeping =
        visitor
            .visit
            .keep_draft(&mut driver::rng(), &known.pin, &known.keys, Some(&draft.encode()));
    let kept = match keeping {
        Ok(message) => visitor.unlocked(&message).await.is_ok(),
        Err(_) => false,
    };
    let mut words = say::sent(
        language,
        &visitor.visit.asking().map_err(|e| refused(session, &e))?.practice,
        receipt["position"].as_u64().unwrap_or_default(),
        receipt["submission"].as_str().unwrap_or_default(),
    );
    let checkpoint = &receipt["checkpoint"];
    let (size, root) = (checkpoint["size"].as_u64(), checkpoint["root"].as_str());
    let signed = say::receipt(language, size.unwrap_or_default(), root.unwrap_or_default());
    words = format!("{words}\n{signed}");
    if !kept {
        words = format!("{words}\n{}", say::not_kept(language));
    }
    session
        .out
        .result(&json!({ "sent": true, "receipt": receipt }), &words)
}

/// How a link stands.
///
/// # Errors
/// What stands in the way.
pub async fn status(session: &Session, options: &LinkOptions) -> Result<(), Failure> {
    let language = session.language;
    let visitor = Visitor::come(session, options).await?;
    let visit = &visitor.visit;
    let Ok(asking) = visit.asking() else {
        return erased(session, options, &visitor).await;
    };
    let form = visitor.form()?;
    let title = form.title().show(language.of_forms().tag());
    let mut value = json!({
        "practice": asking.practice,
        "asker": asking.asker,
        "readers": asking.readers,
        "form": title,
        "open": visit.closed().is_none(),
        "expires_ms": visit.expires(),
        "sent": visit.sent(),
        "pin_tries": visit.tries(),
    });
    let mut lines = vec![say::asks(language, &asking.practice, &asking.asker, title)];
    lines.push(match visit.closed() {
        None => say::takes_until(language, &time(visit.expires())),
        Some(rule) => rules::refusal(language, rule),
    });
    if visit.sent() > 0 {
        lines.push(say::came_through(language, visit.sent()));
    }
    // Whoever merely finds the link learns no more than that.
    if visit.tries().is_some() && (options.pin_file.is_some() || secrets::can_ask(session)) {
        let known = visitor.prove(options, false).await?;
        if let Some(draft) = kept_draft(visit, &known) {
            value["draft"] = json!({ "sent_at": draft.sent });
            lines.push(match draft.sent {
                Some(position) => say::you_sent(language, position),
                None => say::you_began(language),
            });
            let response = Response::parse(&draft.response).ok();
            if let Some(checked) = response.and_then(|r| Checked::check(&form, r).ok()) {
                lines.push(plain::render(&checked, language.of_forms()));
            }
        }
        let mut replies = Vec::new();
        for (reply, answered) in visit.answered(&known.keys) {
            let (shown, told) = told(session, Some(&form), &answered);
            replies.push(json!({ "to": reply.to.to_string(), "position": reply.position, "answer": shown }));
            lines.push(told);
        }
        value["replies"] = replies.into();
    }
    session.out.result(&value, &lines.join("\n"))
}

/// How a link stands whose answers were erased: what is left is the receipt.
async fn erased(session: &Session, options: &LinkOptions, visitor: &Visitor<'_>) -> Result<(), Failure> {
    let mut lines = vec![say::link_erased(session.language)];
    let mut replies = Vec::new();
    if visitor.visit.tries().is_some() && (options.pin_file.is_some() || secrets::can_ask(session)) {
        let known = visitor.prove(options, false).await?;
        for (reply, answered) in visitor.visit.answered(&known.keys) {
            let (shown, words) = told(session, None, &answered);
            replies.push(json!({ "to": reply.to.to_string(), "position": reply.position, "answer": shown }));
            lines.push(words);
        }
    }
    let value = json!({ "erased": true, "open": false, "sent": visitor.visit.sent(), "replies": replies });
    session.out.result(&value, &lines.join("\n"))
}

fn kept_draft(visit: &Visit, known: &Known) -> Option<Draft> {
    let sealed = known.unlocked.draft.as_ref()?;
    Draft::decode(&visit.open_draft(&known.keys, sealed).ok()?).ok()
}

/// An answer of the practice, for scripts and for people.
fn told(session: &Session, form: Option<&Questionnaire>, answered: &Answered) -> (Value, String) {
    let language = session.language;
    match answered {
        Answered::Done => (json!({ "done": true }), say::done(language)),
        Answered::Erased(position) => (json!({ "erased_at": position }), say::erased(language, *position)),
        Answered::Copy(copies) => {
            let mut lines = vec![say::copy(language, copies.len())];
            let mut shown = Vec::new();
            for copy in copies {
                let Said::Answers { response, .. } = &copy.said else {
                    continue;
                };
                let json: Option<Value> = serde_json::from_slice(response).ok();
                shown.push(json!({ "received_ms": copy.received, "response": json }));
                let response = Response::parse(response).ok();
                let checked = form
                    .zip(response)
                    .and_then(|(form, r)| Checked::check(form, r).ok());
                lines.push(time(copy.received));
                lines.extend(checked.map(|checked| plain::render(&checked, language.of_forms())));
            }
            (json!({ "copy": shown }), lines.join("\n"))
        }
    }
}

/// Withdraws consents.
///
/// # Errors
/// Nothing was sent through the link; what stands in the way of sending.
pub async fn withdraw(
    session: &Session,
    options: &LinkOptions,
    consents: Vec<String>,
) -> Result<(), Failure> {
    let mut visitor = Visitor::come(session, options).await?;
    let form = visitor.form()?;
    let names = form.consent_names();
    if let Some(unknown) = consents.iter().find(|name| !names.contains(&name.as_str())) {
        let all = names.join(", ");
        return Err(Failure::usage(say::no_such_consent(
            session.language,
            unknown,
            &all,
        )));
    }
    let known = visitor.prove(options, false).await?;
    let receipt = visitor.say(&known, &Said::Withdraw { consents }).await?;
    let value = json!({ "withdrawn": true, "receipt": receipt });
    session.out.result(&value, &say::withdrawn(session.language))
}

/// Asks the practice for something.
///
/// # Errors
/// As [`withdraw`].
pub async fn request(session: &Session, options: &LinkOptions, request: Request) -> Result<(), Failure> {
    let language = session.language;
    let mut visitor = Visitor::come(session, options).await?;
    let known = visitor.prove(options, false).await?;
    let (said, words) = match request {
        Request::Copy => (Said::Copy, say::asked_for_copy(language)),
        Request::Erase => (Said::Erase, say::asked_for_erasure(language)),
    };
    let receipt = visitor.say(&known, &said).await?;
    session
        .out
        .result(&json!({ "asked": true, "receipt": receipt }), &words)
}

async fn open(session: &Session, relay: &Relay, link: &IntakeLink) -> Result<Visit, Failure> {
    let invite: InviteId = link.invite;
    match ask(session, relay, &ClientMessage::Link(invite)).await? {
        RelayMessage::Linked(linked) => Visit::open(link, linked).map_err(|e| refused(session, &e)),
        RelayMessage::NoLink(no) => Err(Failure::refused(
            session.language,
            no.rule(),
            &say::this_link(session.language),
        )),
        _ => Err(Failure::failed(say::strange_answer(session.language))),
    }
}

async fn ask(session: &Session, relay: &Relay, question: &ClientMessage) -> Result<RelayMessage, Failure> {
    let answer = stranger::ask(relay, question).await;
    answer.map_err(|why| Failure::unreachable(network::no_answer(session.language, relay.url(), &why)))
}

fn refused(session: &Session, error: &IntakeError) -> Failure {
    let message = say::error(session.language, error);
    match error {
        IntakeError::NotALink | IntakeError::Truncated | IntakeError::Pin(_) => Failure::usage(message),
        IntakeError::Closed(_) => Failure::not_allowed(message),
        _ => Failure::failed(message),
    }
}

fn not_holding(session: &Session, faults: &[troth_forms::AnswerError]) -> Failure {
    let language = session.language;
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| words::answer_error(language.of_forms(), fault))
        .collect();
    Failure::failed(say::answers_refused(language, &lines.join("; ")))
}
