//! The page's side of a link, without a browser.

use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::{Value as Json, json};
use troth_client_core::crypto::{ClientKeys, StretchedPin};
use troth_client_core::intake::{Answered, Draft, IntakeLink, IntakeReceipt, Pin, Said, Sending, Visit};
use troth_forms::value::Value;
use troth_forms::words::{Language, answer_fault};
use troth_forms::{Checked, Questionnaire, Response};
use troth_protocol::rule::Rule;
use troth_protocol::wire::{self, ClientMessage, Receipt, RelayMessage};
use zeroize::Zeroizing;

use crate::check;
use crate::words::{self, refused, word};

/// See [`super::Session`].
pub struct Page {
    link: IntakeLink,
    visit: Option<Visit>,
    form: Option<Questionnaire>,
    pin: Option<StretchedPin>,
    keys: Option<ClientKeys>,
    response: Option<Response>,
    /// Position of what was sent, once it was.
    position: Option<u64>,
    sending: Option<Sending>,
    receipt: Option<Receipt>,
}

type Told<T> = Result<T, String>;

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn language(tag: &str) -> Language {
    if tag.starts_with("zh") {
        Language::Chinese
    } else {
        Language::English
    }
}

impl Page {
    pub fn new(relay: &str, fragment: &str) -> Told<Self> {
        let link = IntakeLink::from_fragment(relay, fragment).map_err(word)?;
        Ok(Self {
            link,
            visit: None,
            form: None,
            pin: None,
            keys: None,
            response: None,
            position: None,
            sending: None,
            receipt: None,
        })
    }

    pub fn question(&self) -> Vec<u8> {
        wire::frame(&ClientMessage::Link(self.link.invite))
    }

    pub fn linked(&mut self, frame: &[u8]) -> Told<String> {
        let linked = match read(frame)? {
            RelayMessage::Linked(linked) => linked,
            RelayMessage::NoLink(no) => return Err(refused(no.rule())),
            _ => return Err("strange".into()),
        };
        let now = linked.now;
        let visit = Visit::open(&self.link, linked).map_err(word)?;
        if self.form.is_none()
            && let Ok(asking) = visit.asking()
        {
            let form = Questionnaire::parse(&asking.form).map_err(|_| "form".to_owned())?;
            self.form = Some(form.0);
        }
        let shown = json!({
            "practice": visit.asking().map(|a| a.practice.clone()).unwrap_or_default(),
            "asker": visit.asking().map(|a| a.asker.clone()).unwrap_or_default(),
            "readers": visit.asking().map(|a| a.readers.clone()).unwrap_or_default(),
            "languages": self.form.as_ref().map(|form| form.languages().into_iter().map(str::to_owned).collect::<Vec<_>>()),
            "erased": visit.asking().is_err(),
            "closed": visit.closed().map(|rule| closed(&visit, rule, now)),
            "expires": visit.expires(),
            "sent": visit.sent(),
            "tries": visit.tries(),
            "now": now,
        });
        self.visit = Some(visit);
        Ok(shown.to_string())
    }

    fn visit(&self) -> Told<&Visit> {
        self.visit.as_ref().ok_or_else(|| "strange".into())
    }

    fn form(&self) -> Told<&Questionnaire> {
        self.form.as_ref().ok_or_else(|| "erased".into())
    }

    pub fn pin(&mut self, typed: &str) -> Told<Vec<u8>> {
        let visit = self.visit()?;
        let new = visit.tries().is_none();
        let pin = if new {
            Pin::choose(typed)
        } else {
            Pin::typed(typed)
        };
        let pin = pin.map_err(|fault| word(fault.into()))?;
        let stretched = visit.stretch(&pin).map_err(word)?;
        let frame = wire::frame(&visit.unlock(&stretched, new));
        self.pin = Some(stretched);
        Ok(frame)
    }

    pub fn unlocked(&mut self, frame: &[u8]) -> Told<String> {
        let unlocked = match read(frame)? {
            RelayMessage::Unlocked(unlocked) => unlocked,
            RelayMessage::NoLink(no) if no.rule() == Rule::Pin => {
                return Err(format!("wrong-pin:{}", no.tries.unwrap_or_default()));
            }
            RelayMessage::NoLink(no) => return Err(refused(no.rule())),
            _ => return Err("strange".into()),
        };
        let stretched = self.pin.as_ref().ok_or("locked")?;
        let keys = self
            .keys
            .get_or_insert_with(|| stretched.open(&unlocked.pepper.0));
        let visit = self.visit.as_ref().ok_or("strange")?;
        if let Some(sealed) = &unlocked.draft
            && self.response.is_none()
        {
            let opened = visit.open_draft(keys, sealed).map_err(word)?;
            let draft = Draft::decode(&opened).map_err(|_| "strange".to_owned())?;
            self.response = Response::parse(&draft.response).ok();
            self.position = draft.sent;
        }
        Ok(json!({ "draft": self.response.is_some(), "sent": self.position }).to_string())
    }

    pub fn start(&mut self, language: &str) -> Told<()> {
        let form = self.form.as_ref().ok_or("erased")?;
        match &mut self.response {
            // Answers are in the language that the form was shown in last.
            Some(response) => response.language = Some(language.to_owned()),
            None => self.response = Some(Response::start(form, language)),
        }
        Ok(())
    }

    pub fn view(&self, language: &str) -> Told<String> {
        let form = self.form()?;
        let shown = match &self.response {
            Some(response) => response.view_json(form, language),
            None => Response::start(form, language).view_json(form, language),
        };
        shown.map_err(|_| "strange".into())
    }

    pub fn set(&mut self, path: &str, values: &str) -> Told<bool> {
        let json: Vec<Json> = serde_json::from_str(values).map_err(|_| "strange".to_owned())?;
        let values = json.iter().map(Value::parse).collect::<Option<Vec<_>>>();
        let values = values.ok_or_else(|| "strange".to_owned())?;
        let form = self.form.as_ref().ok_or("erased")?;
        let response = self.response.as_mut().ok_or("strange")?;
        Ok(response.set(form, path, values))
    }

    pub fn add(&mut self, path: &str) -> Told<bool> {
        let form = self.form.as_ref().ok_or("erased")?;
        Ok(self.response.as_mut().ok_or("strange")?.add(form, path))
    }

    pub fn remove(&mut self, path: &str) -> Told<bool> {
        let form = self.form.as_ref().ok_or("erased")?;
        Ok(self.response.as_mut().ok_or("strange")?.remove(form, path))
    }

    pub fn draft(&self) -> Told<Vec<u8>> {
        let (Some(pin), Some(keys), Some(response)) = (&self.pin, &self.keys, &self.response) else {
            return Err("locked".into());
        };
        let draft = Draft {
            response: response.to_json().to_string().into_bytes().into(),
            sent: self.position,
        };
        let bytes = Zeroizing::new(draft.encode());
        let message = self.visit()?.keep_draft(&mut rng(), pin, keys, Some(&bytes));
        Ok(wire::frame(&message.map_err(word)?))
    }

    pub fn faults(&self, tag: &str) -> Told<String> {
        let form = self.form()?;
        let response = self.response.as_ref().ok_or("strange")?.complete(form, None);
        let faults = Checked::check(form, response).err().unwrap_or_default();
        let told = faults
            .iter()
            .map(|fault| json!({ "path": fault.path, "text": answer_fault(language(tag), &fault.what) }));
        Ok(Json::Array(told.collect()).to_string())
    }

    pub fn submit(&mut self, now: u64, authored: String) -> Told<Vec<u8>> {
        if self.sending.is_none() {
            let form = self.form.as_ref().ok_or("erased")?;
            let response = self.response.as_ref().ok_or("strange")?;
            let complete = response.complete(form, Some(authored));
            let checked = Checked::check(form, complete).map_err(|_| "faults".to_owned())?;
            let said = Said::Answers {
                response: checked.response().to_json().to_string().into_bytes().into(),
                language: checked.language().to_owned(),
            };
            self.response = Some(checked.response().clone());
            self.say(now, &said)?;
        }
        self.outgoing()
    }

    pub fn ask(&mut self, now: u64, what: &str, consents: Vec<String>) -> Told<Vec<u8>> {
        if self.sending.is_none() {
            let said = match what {
                "withdraw" => Said::Withdraw { consents },
                "copy" => Said::Copy,
                "erase" => Said::Erase,
                _ => return Err("strange".into()),
            };
            self.say(now, &said)?;
        }
        self.outgoing()
    }

    fn say(&mut self, now: u64, said: &Said) -> Told<()> {
        let keys = self.keys.as_ref().ok_or("locked")?;
        let sending = self.visit()?.say(&mut rng(), now, keys, said).map_err(word)?;
        self.sending = Some(sending);
        Ok(())
    }

    fn outgoing(&self) -> Told<Vec<u8>> {
        let sending = self.sending.as_ref().ok_or("strange")?;
        Ok(wire::frame(&sending.message))
    }

    pub fn sent(&mut self, frame: &[u8]) -> Told<()> {
        match read(frame)? {
            RelayMessage::Appended(appended) => {
                let receipt = *appended.receipts.first().ok_or("strange")?;
                self.receipt = Some(receipt);
                // The first that is sent through a link are its answers.
                self.position = self.position.or(Some(receipt.position));
                Ok(())
            }
            RelayMessage::Refused(no) => match no.rule() {
                Rule::Unavailable | Rule::DiskFull | Rule::Quota => Err("busy".into()),
                rule => {
                    self.sending = None;
                    Err(refused(rule))
                }
            },
            _ => Err("strange".into()),
        }
    }

    pub fn receipt(&mut self, page: &str) -> Told<String> {
        let visit = self.visit.as_ref().ok_or("strange")?;
        let (Some(receipt), Some(sending)) = (self.receipt, &self.sending) else {
            return Err("strange".into());
        };
        let receipt = IntakeReceipt::of(visit, sending, &receipt).map_err(words::receipt)?;
        let address = format!("{page}#{}", receipt.text());
        let mut told = check::shown(&receipt);
        told["code"] = check::code(&address);
        told["address"] = address.into();
        self.sending = None;
        Ok(told.to_string())
    }

    pub fn replies(&self, tag: &str) -> Told<String> {
        let keys = self.keys.as_ref().ok_or("locked")?;
        let form = self.form.as_ref();
        let told = self.visit()?.answered(keys).into_iter().map(|(reply, answered)| {
            let mut told = json!({ "position": reply.position });
            match answered {
                Answered::Done => told["kind"] = "done".into(),
                Answered::Erased(position) => {
                    told["kind"] = "erased".into();
                    told["erased"] = position.into();
                }
                Answered::Copy(copies) => {
                    told["kind"] = "copy".into();
                    let shown = copies.iter().filter_map(|copy| {
                        let Said::Answers { response, .. } = &copy.said else {
                            return None;
                        };
                        let view = Response::parse(response).ok()?.view_json(form?, tag).ok()?;
                        let view: Json = serde_json::from_str(&view).ok()?;
                        Some(json!({ "received": copy.received, "view": view }))
                    });
                    told["copies"] = shown.collect();
                }
            }
            told
        });
        Ok(Json::Array(told.collect()).to_string())
    }
}

fn read(frame: &[u8]) -> Told<RelayMessage> {
    wire::message(frame).map_err(|_| "strange".into())
}

/// Why a link takes no answers, as far as what it shows tells.
fn closed(visit: &Visit, rule: Rule, now: u64) -> String {
    match rule {
        _ if visit.sent() > 0 => "used".into(),
        _ if now >= visit.expires() => "expired".into(),
        Rule::Link | Rule::Closed => "revoked".into(),
        other => refused(other),
    }
}
