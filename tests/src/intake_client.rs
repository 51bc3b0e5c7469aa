//! Somebody with an intake link, and neither a device nor an account: the real client's side, on a network in memory.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "this is a test's scaffolding: what does not hold here ends the test"
)]

use serde_json::json;
use troth_client_core::crypto::{ClientKeys, Cost, StretchedPin};
use troth_client_core::device::Ask;
use troth_client_core::intake::{IntakeLink, Said, Sending, Visit};
use troth_protocol::ids::CaseId;
use troth_protocol::rule::Rule;
use troth_protocol::statement::Lane;
use troth_protocol::wire::{ClientMessage, Linked, NoLink, Receipt, RelayMessage, Unlocked};

use crate::network::Network;

/// What the form's consent is called.
pub const CONSENT: &str = "service";
/// What is consented to.
pub const WORDS: &str = "I agree that what I write is kept.";

/// Whoever has a link.
pub struct Client {
    /// The link.
    pub link: IntakeLink,
}

/// A form that asks for one consent and for some words.
pub fn form() -> Vec<u8> {
    let form = json!({
        "resourceType": "Questionnaire", "status": "active", "language": "en",
        "url": "urn:troth:test:words", "version": "3", "title": "Some words",
        "item": [
            { "linkId": "agreed", "type": "boolean", "required": true, "text": WORDS,
              "extension": [{ "url": "urn:troth:form:consent", "valueCode": CONSENT }] },
            { "linkId": "words", "type": "text", "required": true, "text": "What brings you here?" },
        ],
    });
    form.to_string().into_bytes()
}

/// Answers to that form.
pub fn answers(words: &str) -> Said {
    let response = json!({
        "resourceType": "QuestionnaireResponse", "status": "completed", "language": "en",
        "questionnaire": "urn:troth:test:words|3",
        "item": [
            { "linkId": "agreed", "answer": [{ "valueBoolean": true }] },
            { "linkId": "words", "answer": [{ "valueString": words }] },
        ],
    });
    Said::Answers {
        response: response.to_string().into_bytes().into(),
        language: "en".into(),
    }
}

/// A device makes a link into a partner's lane and sends it to somebody.
pub fn sent(net: &mut Network, seat: usize, case: CaseId, lane: Lane, limit: u8) -> Client {
    let ask = Ask {
        case,
        lane,
        practice: "Lindenhof Counseling".into(),
        form: form(),
        expires: net.now + 30 * 24 * 3_600_000,
        limit,
    };
    let device = &mut net.seats[seat].device;
    let link = device.make_link(net.now, &mut net.rng, ask).expect("a link");
    net.settle();
    Client { link }
}

impl Client {
    /// What the relay shows behind the link.
    pub fn linked(&self, net: &mut Network) -> Linked {
        match self.ask(net, &ClientMessage::Link(self.link.invite)) {
            RelayMessage::Linked(linked) => linked,
            other => panic!("{other:?}"),
        }
    }

    /// What is behind the link, opened and checked.
    pub fn visit(&self, net: &mut Network) -> Visit {
        let linked = self.linked(net);
        Visit::open(&self.link, linked).expect("what the link leads to")
    }

    /// A PIN, stretched: with the least cost, since these tests guess on purpose.
    pub fn pin(&self, pin: &str) -> StretchedPin {
        self.link.secret.stretch(pin, Cost::LEAST).expect("memory")
    }

    /// Proves a PIN to the relay.
    pub fn unlock(&self, net: &mut Network, pin: &str, choose: bool) -> Result<Unlocked, NoLink> {
        let question = self.visit(net).unlock(&self.pin(pin), choose);
        match self.ask(net, &question) {
            RelayMessage::Unlocked(unlocked) => Ok(unlocked),
            RelayMessage::NoLink(refusal) => Err(refusal),
            other => panic!("{other:?}"),
        }
    }

    /// The keys that a PIN opens, chosen by this where none was.
    pub fn keys(&self, net: &mut Network, pin: &str) -> ClientKeys {
        let unlocked = self.unlock(net, pin, true).expect("the right PIN");
        self.pin(pin).open(&unlocked.pepper.0)
    }

    /// Keeps a draft, some time after the last.
    pub fn keep(&self, net: &mut Network, pin: &str, draft: &[u8]) {
        net.now += 1_000;
        let (visit, keys) = (self.visit(net), self.keys(net, pin));
        let message = visit.keep_draft(&mut net.rng, &self.pin(pin), &keys, Some(draft));
        let answer = self.ask(net, &message.expect("short enough"));
        assert!(matches!(answer, RelayMessage::Unlocked(_)), "{answer:?}");
    }

    /// What would be sent.
    pub fn saying(&self, net: &mut Network, keys: &ClientKeys, said: &Said) -> Sending {
        let visit = self.visit(net);
        visit
            .say(&mut net.rng, net.now, keys, said)
            .expect("an open link")
    }

    /// Sends it.
    pub fn send(&self, net: &mut Network, sending: &Sending) -> Result<Receipt, Rule> {
        match self.ask(net, &sending.message) {
            RelayMessage::Appended(appended) => Ok(appended.receipts[0]),
            RelayMessage::Refused(refused) => Err(refused.rule()),
            other => panic!("{other:?}"),
        }
    }

    /// Says something behind a PIN, and lets it reach whoever reads the lane.
    pub fn say(&self, net: &mut Network, pin: &str, said: &Said) -> Receipt {
        let keys = self.keys(net, pin);
        let sending = self.saying(net, &keys, said);
        let receipt = self.send(net, &sending).expect("an open link");
        net.settle();
        receipt
    }

    fn ask(&self, net: &mut Network, question: &ClientMessage) -> RelayMessage {
        let connection = net.stranger();
        let mut answers = net.exchange(connection, question);
        assert_eq!(answers.len(), 1, "one answer to one question: {answers:?}");
        answers.remove(0)
    }
}
