//! Who has not answered yet, and what to write to them.

use serde_json::{Value, json};

use super::made;
use crate::commands::pick;
use crate::driver;
use crate::failure::Failure;
use crate::language::Language;
use crate::messages::intake as say;
use crate::output::time;
use crate::session::Session;

/// Prints a message for each, in both languages. It is for a mailbox that others may read too: it says until when, and not what
/// is asked, by whom, or about whom.
///
/// # Errors
/// There is no such link, or it takes no answers any more.
pub fn remind(session: &Session, wanted: Option<&str>, with_link: bool) -> Result<(), Failure> {
    let language = session.language;
    let mut device = session.open()?;
    let links = match wanted {
        Some(wanted) => vec![made::find(session, &device, wanted)?],
        None => {
            let mut all = device.links(driver::now()).map_err(|e| session.wrong(e))?;
            all.retain(|link| link.takes && link.answers.0 == 0);
            all
        }
    };
    let cases = device.cases().map_err(|e| session.wrong(e))?;
    let (mut values, mut words) = (Vec::new(), Vec::new());
    for link in links {
        if !link.takes {
            return Err(Failure::failed(say::takes_no_more(language)));
        }
        let case = cases.iter().find(|case| Some(case.id) == link.case);
        let case = case.map(pick::case_name).unwrap_or_default();
        let until = time(link.expires);
        let text = |language| say::reminder(language, &until);
        let (english, chinese) = (text(Language::English), text(Language::Chinese));
        let again = match with_link {
            true => device.link_again(link.document, link.invite).map(Some),
            false => Ok(None),
        };
        let again = again.map_err(|e| session.wrong(e))?.map(|link| link.text());
        let mut message = format!("{english}\n{chinese}");
        if let Some(again) = &again {
            message = format!("{message}\n{}", again.as_str());
        }
        values.push(json!({
            "invite": link.invite.to_string(),
            "case": link.case.map(|case| case.to_string()),
            "case_name": case,
            "lane": link.lane.name(),
            "expires_ms": link.expires,
            "message": message,
        }));
        let id = pick::short(link.invite);
        words.push(format!(
            "{}\n\n{message}\n",
            say::not_answered(language, &case, link.lane.name(), &id)
        ));
    }
    let value = json!({ "reminders": Value::from(values) });
    if words.is_empty() {
        words.push(say::nobody_to_remind(language));
    }
    session.out.result(&value, &words.join("\n"))
}
