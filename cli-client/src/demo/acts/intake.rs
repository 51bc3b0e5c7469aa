//! One of the couple answers a form through a link, without an account; the counselor takes the answers in.

use troth_client_core::crypto::ClientKeys;
use troth_client_core::device::{Arrived, Ask, DeviceError};
use troth_client_core::intake::{Draft, IntakeLink, Pin, Said, Visit};
use troth_forms::value::Value;
use troth_forms::{Checked, Questionnaire, Response};
use troth_protocol::rule::Rule;
use troth_protocol::statement::Lane;
use troth_protocol::wire::{ClientMessage, RelayMessage};

use super::Record;
use crate::demo::stage::{Stage, failed};
use crate::demo::{Teller, story};
use crate::driver::{self, stranger};
use crate::failure::Failure;
use crate::messages::demo as say;
use crate::session::Device;

/// How long the link takes answers, in milliseconds.
const WEEK: u64 = 7 * 24 * 3_600_000;

/// A link is sent, and answered behind a PIN; the relay signs that it has it.
pub async fn answer(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    record: &Record,
) -> Result<IntakeLink, Failure> {
    let language = teller.session.language;
    let (now, mut rng) = (driver::now(), driver::rng());
    let practice = laptop.practice_name().map_err(|e| stage.wrong(e))?;
    let ask = Ask {
        case: record.case,
        lane: Lane::PartnerA,
        practice,
        form: story::FORM.as_bytes().to_vec(),
        expires: now + WEEK,
        limit: 1,
    };
    let link = laptop.make_link(now, &mut rng, ask).map_err(|e| stage.wrong(e))?;
    stage.sync(laptop).await?;

    let visit = visit(stage, &link).await?;
    let pin = Pin::choose(story::PIN).map_err(|e| failed(stage.session, &e))?;
    let pin = visit.stretch(&pin).map_err(|e| failed(stage.session, &e))?;
    let keys = match ask_relay(stage, &visit.unlock(&pin, true)).await? {
        RelayMessage::Unlocked(unlocked) => pin.open(&unlocked.pepper.0),
        other => return Err(unexpected(stage, &other)),
    };
    let (said, draft) = answers(stage, &visit)?;
    let keep = visit.keep_draft(&mut rng, &pin, &keys, Some(&draft.encode()));
    let keep = keep.map_err(|e| failed(stage.session, &e))?;
    ask_relay(stage, &keep).await?;
    let position = send(stage, &visit, &keys, &said).await?;
    let after = self::visit(stage, &link).await?;
    let kept = after.is_kept(position) && after.closed().is_some();
    teller.claim("intake", kept, &say::intake(language, story::PARTNER_A, position))?;

    // Whoever finds the link has everything but the PIN.
    let guess = Pin::typed("paprika12").map_err(|e| failed(stage.session, &e))?;
    let guess = after.stretch(&guess).map_err(|e| failed(stage.session, &e))?;
    let guessed = ask_relay(stage, &after.unlock(&guess, true)).await?;
    let closed =
        matches!(&guessed, RelayMessage::NoLink(no) if no.rule() == Rule::Pin && no.tries == Some(9));
    teller.claim("link_found", closed, &say::link_found(language))?;
    Ok(link)
}

/// The counselor opens what came, holds it against the form that was sent, and takes it into his lane, with his consent.
pub async fn accept(
    teller: &mut Teller<'_>,
    stage: &Stage<'_>,
    laptop: &mut Device,
    record: &Record,
) -> Result<(), Failure> {
    let language = teller.session.language;
    let wrong = |e: DeviceError| stage.wrong(e);
    stage.sync(laptop).await?;
    let came = laptop.inbox().map_err(wrong)?.pop();
    let came = came.ok_or_else(|| failed(stage.session, &"nothing came"))?;
    let said = said(&came);
    let accepted = laptop.accept_answers(driver::now(), &mut driver::rng(), &came);
    accepted.map_err(wrong)?;
    stage.sync(laptop).await?;
    let taken = laptop.inbox().map_err(wrong)?.iter().all(|came| came.accepted);
    let consents = laptop.intake_consents(&record.case).map_err(wrong)?;
    let signed = consents
        .iter()
        .any(|c| c.signed && c.latest && c.consent.given && c.consent.text == story::AGREED);
    let holds = came.holds && said.contains(story::ANSWER) && taken && signed;
    teller.claim("accepted", holds, &say::accepted(language, story::PARTNER_A))
}

fn said(came: &Arrived) -> String {
    match &came.said {
        Some(Said::Answers { response, .. }) => String::from_utf8_lossy(response).into_owned(),
        _ => String::new(),
    }
}

fn answers(stage: &Stage<'_>, visit: &Visit) -> Result<(Said, Draft), Failure> {
    let wrong = |e: &dyn std::fmt::Display| failed(stage.session, &e.to_string());
    let asking = visit.asking().map_err(|e| wrong(&e))?;
    let (form, _) =
        Questionnaire::parse(&asking.form).map_err(|_| wrong(&"the form does not come as it was sent"))?;
    let mut response = Response::start(&form, "en");
    let set = response.set(&form, "agreed", vec![Value::Boolean(true)])
        && response.set(&form, "hoped", vec![Value::Text(story::ANSWER.to_owned())]);
    let checked = Checked::check(&form, response.complete(&form, None));
    let checked = checked.ok().filter(|_| set);
    let checked = checked.ok_or_else(|| wrong(&"the answers do not hold"))?;
    let json = checked.response().to_json().to_string().into_bytes();
    let draft = Draft {
        response: json.clone().into(),
        sent: None,
    };
    let said = Said::Answers {
        response: json.into(),
        language: checked.language().to_owned(),
    };
    Ok((said, draft))
}

async fn send(stage: &Stage<'_>, visit: &Visit, keys: &ClientKeys, said: &Said) -> Result<u64, Failure> {
    let sending = visit.say(&mut driver::rng(), driver::now(), keys, said);
    let sending = sending.map_err(|e| failed(stage.session, &e))?;
    match ask_relay(stage, &sending.message).await? {
        RelayMessage::Appended(appended) => {
            let receipt = appended.receipts.first();
            let receipt = receipt.ok_or_else(|| failed(stage.session, &"no receipt"))?;
            Ok(receipt.position)
        }
        other => Err(unexpected(stage, &other)),
    }
}

async fn visit(stage: &Stage<'_>, link: &IntakeLink) -> Result<Visit, Failure> {
    match ask_relay(stage, &ClientMessage::Link(link.invite)).await? {
        RelayMessage::Linked(linked) => Visit::open(link, linked).map_err(|e| failed(stage.session, &e)),
        other => Err(unexpected(stage, &other)),
    }
}

async fn ask_relay(stage: &Stage<'_>, question: &ClientMessage) -> Result<RelayMessage, Failure> {
    let answer = stranger::ask(&stage.relay, question).await;
    answer.map_err(|why| failed(stage.session, &why))
}

fn unexpected(stage: &Stage<'_>, answer: &RelayMessage) -> Failure {
    let what = match answer {
        RelayMessage::NoLink(no) => no.rule().to_string(),
        RelayMessage::Refused(no) => no.rule().to_string(),
        _ => "another answer was expected".to_owned(),
    };
    failed(stage.session, &what)
}
