//! What a practice says of its documents.
#![allow(dead_code, reason = "each test crate tells its own part")]

use troth_protocol::document::Document as TheDocument;
use troth_protocol::ids::{CaseId, DocumentId, Hash};
use troth_protocol::keys::Sealing;
use troth_protocol::rule::Rule;
use troth_protocol::statement::{
    Attest, Body, Change, Cover, Document, DocumentAction, Lane, Principal, Reader, Snapshot,
};

use crate::practice::{Asked, Device, Practice, agree, hash, sixteen};
use crate::sealings;

impl Practice {
    pub fn creating(&mut self, lane: Lane, readers: Vec<Reader>) -> (DocumentId, Document) {
        let document = DocumentId(sixteen("document", self.seed()));
        let case = (lane != Lane::Directory).then(|| CaseId(sixteen("case", 1)));
        let create = DocumentAction::Create {
            case,
            lane,
            readers,
            commitment: hash("epoch 1"),
        };
        let actions = vec![create];
        let sealings = sealings::of_document(&self.state, document, self.next(), self.now, &actions);
        let body = Document {
            document,
            prev: None,
            actions,
            sealings,
        };
        (document, body)
    }

    pub fn document(&mut self, by: &Device, lane: Lane, readers: Vec<Reader>) -> DocumentId {
        let (document, body) = self.creating(lane, readers);
        self.say(by, Body::Document(body)).unwrap();
        document
    }

    /// Control actions with the sealed keys that they need.
    pub fn control(
        &mut self,
        by: &Device,
        document: DocumentId,
        actions: Vec<DocumentAction>,
    ) -> Result<Hash, Rule> {
        let sealings = sealings::of_document(&self.state, document, self.next(), self.now, &actions);
        let planned = self.planned(by, document, &actions);
        let taken = self.control_with(by, document, actions, sealings.clone());
        if self.state.documents.contains_key(&document) {
            agree(planned, &sealings, taken);
        }
        taken
    }

    fn planned(&self, by: &Device, document: DocumentId, actions: &[DocumentAction]) -> Result<Asked, Rule> {
        let before = self.state.documents.get(&document);
        let (roster, position) = (&self.state.roster, self.next());
        TheDocument::plan(before, roster, position, self.now, &by.id(), document, actions)
            .map(|p| (p.required, p.optional))
    }

    pub fn control_with(
        &mut self,
        by: &Device,
        document: DocumentId,
        actions: Vec<DocumentAction>,
        sealings: Vec<Sealing>,
    ) -> Result<Hash, Rule> {
        let prev = self.state.documents.get(&document).map(|d| d.head());
        let body = Document {
            document,
            prev,
            actions,
            sealings,
        };
        self.say(by, Body::Document(body))
    }

    pub fn turning(&self, document: DocumentId) -> DocumentAction {
        let epoch = self.state.documents[&document].epoch() + 1;
        DocumentAction::Turn {
            epoch,
            commitment: hash(&format!("epoch {epoch}")),
        }
    }

    pub fn turn(&mut self, by: &Device, document: DocumentId) -> Result<Hash, Rule> {
        self.control(by, document, vec![self.turning(document)])
    }

    /// An edit that follows the device's last one.
    pub fn edit(&self, by: &Device, document: DocumentId) -> Change {
        let (epoch, (sequence, prev)) = self
            .state
            .documents
            .get(&document)
            .map_or((1, (1, None)), |d| (d.epoch(), d.next_of(&by.id())));
        Change {
            document,
            epoch,
            sequence,
            prev,
        }
    }

    /// A snapshot of all that a document holds.
    pub fn snapshot(&self, document: DocumentId) -> Snapshot {
        let known = self.state.documents.get(&document);
        let authors = known.into_iter().flat_map(|d| d.authors());
        let covers = authors.map(|(device, author)| Cover {
            device: *device,
            sequence: author.sequence,
            last: author.last,
        });
        Snapshot {
            document,
            epoch: known.map_or(1, TheDocument::epoch),
            covers: covers.collect(),
        }
    }

    pub fn say_snapshot(&mut self, by: &Device, document: DocumentId) -> Result<Hash, Rule> {
        let snapshot = self.snapshot(document);
        self.say(by, Body::Snapshot(snapshot))
    }

    pub fn attest(&mut self, by: &Device, document: DocumentId, snapshot: Hash) -> Result<Hash, Rule> {
        self.say(by, Body::Attest(Attest { document, snapshot }))
    }

    pub fn change(&mut self, by: &Device, document: DocumentId) -> Result<Hash, Rule> {
        let change = self.edit(by, document);
        self.say(by, Body::Change(change))
    }
}

pub fn granting(reader: Reader) -> DocumentAction {
    DocumentAction::Grant { reader }
}

pub fn withdrawing(device: &Device) -> DocumentAction {
    DocumentAction::Revoke {
        principal: Principal::Member(device.member),
    }
}
