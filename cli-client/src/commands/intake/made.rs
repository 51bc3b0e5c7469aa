//! Links, from the side of whoever makes them.

use std::path::Path;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::{Value, json};
use troth_client_core::device::{Ask, LinkSummary};
use troth_forms::Questionnaire;
use troth_forms::{limits, shipped, words};
use troth_protocol::limits::LINK_MS;

use super::Partner;
use crate::commands::pick;
use crate::commands::share::until;
use crate::driver;
use crate::failure::Failure;
use crate::messages::intake as say;
use crate::output::{columns, time};
use crate::secrets;
use crate::session::{Device, Session};

/// Makes a link.
///
/// # Errors
/// The form is refused, or what stands in the way of writing.
pub async fn new(
    session: &Session,
    case: &str,
    partner: Partner,
    form: &str,
    (expires, limit): (&str, u8),
    code: bool,
) -> Result<(), Failure> {
    let language = session.language;
    let json = form_text(session, form)?;
    let forms = language.of_forms();
    let (form, warnings) = Questionnaire::parse(&json)
        .map_err(|error| Failure::failed(say::form_refused(language, &words::form_error(forms, &error))))?;
    let expires = until::parse(session, expires)?;
    if expires > driver::now().saturating_add(LINK_MS) {
        return Err(Failure::usage(say::too_long_a_life(language)));
    }
    let mut device = session.open()?;
    let case = pick::case(session, &mut device, case)?;
    let practice = device.practice_name().map_err(|e| session.wrong(e))?;
    for warning in &warnings {
        let item = warning.item.as_deref().unwrap_or("–");
        session.out.note(&say::form_warning(
            language,
            item,
            &words::warning(forms, warning.kind),
        ));
    }
    let ask = Ask {
        case: case.id,
        lane: partner.lane(),
        practice,
        // As it was read: what the page draws is what was checked here.
        form: form.to_json().to_string().into_bytes(),
        expires,
        limit,
    };
    let made = device.make_link(driver::now(), &mut driver::rng(), ask);
    let link = made.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let text = link.text();
    let title = form.title().show(forms.tag()).to_owned();
    let value = json!({
        "invite": link.invite.to_string(),
        "case": case.id.to_string(),
        "lane": partner.lane().name(),
        "form": title,
        "expires_ms": expires,
        "limit": limit,
        "link": text.as_str(),
        "warnings": warnings.iter().map(|w| json!({ "item": w.item, "kind": w.kind })).collect::<Vec<_>>(),
        "sync": sent.to_json(),
    });
    let mut words = say::made(
        language,
        &title,
        partner.lane().name(),
        &pick::case_name(&case),
        &time(expires),
    );
    if !session.out.json && (code || session.out.on_screen()) {
        words = format!("{words}\n{}", qr(&text));
    }
    words = format!("{words}\n{}\n{}", text.as_str(), say::send_it(language));
    sent.finish(session, value, &words)
}

/// The link as a code that a telephone reads: dark modules are blanks, as on a terminal that is dark, and the margin is light.
fn qr(text: &str) -> String {
    let drawn = QrCode::new(text.as_bytes()).map(|code| {
        let mut drawing = code.render::<Dense1x2>();
        drawing
            .dark_color(Dense1x2::Light)
            .light_color(Dense1x2::Dark)
            .quiet_zone(true)
            .build()
    });
    drawn.unwrap_or_default()
}

fn form_text(session: &Session, form: &str) -> Result<Vec<u8>, Failure> {
    let known = shipped::SHIPPED.iter().find(|(name, _)| *name == form);
    if let Some((_, json)) = known {
        return Ok(json.to_vec());
    }
    if !Path::new(form).exists() {
        let names: Vec<&str> = shipped::SHIPPED.iter().map(|(name, _)| *name).collect();
        return Err(Failure::usage(say::no_such_form(
            session.language,
            form,
            &names.join(", "),
        )));
    }
    let text = secrets::file(session, Path::new(form), limits::FORM)?;
    Ok(text.as_bytes().to_vec())
}

/// Lists the links.
///
/// # Errors
/// What stands in the way.
pub fn list(session: &Session, case: Option<&str>) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let case = case
        .map(|wanted| pick::case(session, &mut device, wanted))
        .transpose()?;
    let mut links = device.links(driver::now()).map_err(|e| session.wrong(e))?;
    links.retain(|link| case.as_ref().is_none_or(|case| link.case == Some(case.id)));
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let name = |link: &LinkSummary| {
        let found = cases.iter().find(|case| Some(case.id) == link.case);
        found.map(pick::case_name).unwrap_or_default()
    };
    let value = json!({ "links": links.iter().map(|link| to_json(link, &name(link))).collect::<Vec<_>>() });
    if links.is_empty() {
        return session.out.result(&value, &say::no_links(language));
    }
    let mut rows = vec![say::links_head(language).split('\t').map(str::to_owned).collect()];
    rows.extend(links.iter().map(|link| {
        vec![
            pick::short(link.invite),
            name(link),
            link.lane.name().to_owned(),
            format!("{}/{}", link.answers.0, link.answers.1),
            time(link.expires),
            standing(session, link),
        ]
    }));
    session.out.result(&value, &columns(&rows))
}

fn standing(session: &Session, link: &LinkSummary) -> String {
    let language = session.language;
    match link {
        link if link.waiting => say::waits(language),
        link if link.closed => say::revoked(language),
        link if link.takes => say::open(language),
        link if link.answers.0 >= link.answers.1 => say::answered(language),
        link if link.expires <= driver::now() => say::expired(language),
        _ => say::key_turned(language),
    }
}

fn to_json(link: &LinkSummary, case: &str) -> Value {
    json!({
        "invite": link.invite.to_string(),
        "case": link.case.map(|case| case.to_string()),
        "case_name": case,
        "lane": link.lane.name(),
        "answers": link.answers.0,
        "limit": link.answers.1,
        "submissions": link.submissions,
        "expires_ms": link.expires,
        "revoked": link.closed,
        "open": link.takes,
        "waiting": link.waiting,
    })
}

/// Closes a link.
///
/// # Errors
/// There is none, or what stands in the way of writing.
pub async fn revoke(session: &Session, wanted: &str) -> Result<(), Failure> {
    let mut device = session.open()?;
    let link = find(session, &device, wanted)?;
    let closed = device.close_link(driver::now(), &mut driver::rng(), link.invite);
    closed.map_err(|e| session.wrong(e))?;
    let sent = session.send(&mut device).await?;
    let value = json!({ "invite": link.invite.to_string(), "revoked": true });
    sent.finish(session, value, &say::now_revoked(session.language))
}

/// The link that is meant.
///
/// # Errors
/// There is none, or there are several.
pub fn find(session: &Session, device: &Device, wanted: &str) -> Result<LinkSummary, Failure> {
    let links = device.links(driver::now()).map_err(|e| session.wrong(e))?;
    let fits = |link: &LinkSummary| !wanted.is_empty() && link.invite.to_string().starts_with(wanted);
    let mut found = links.into_iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Failure::usage(say::several(session.language, wanted))),
        (None, _) => Err(Failure::failed(say::no_such_link(session.language, wanted))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_on_the_screen_is_the_links() {
        let parts = ["a".repeat(22), "b".repeat(43), "c".repeat(43)];
        let link = format!("https://relay.example:8787/i#v1.{}", parts.join("."));
        let drawn = qr(&link);
        // Two modules are one above the other in a character; a blank is dark.
        let rows = drawn.lines().flat_map(|line| {
            let half = |set: &'static str| line.chars().map(move |c| !set.contains(c)).collect::<Vec<bool>>();
            [half("█▀"), half("█▄")]
        });
        let code = QrCode::new(link.as_bytes()).unwrap();
        let (width, quiet) = (code.width(), 4);
        let read: Vec<Vec<bool>> = rows.skip(quiet).take(width).collect();
        let dark = code.to_colors();
        for (y, row) in read.iter().enumerate() {
            for x in 0..width {
                let module = dark[y * width + x] == qrcode::Color::Dark;
                assert_eq!(row[x + quiet], module, "{x}, {y}");
            }
        }
        assert!(
            drawn
                .lines()
                .all(|line| line.chars().count() == width + 2 * quiet)
        );
        assert!(width + 2 * quiet <= 72, "it fits a terminal of 80 columns");
    }
}
