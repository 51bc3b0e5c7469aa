//! What one operation may do, by the object that it is in.
//!
//! | in | allowed |
//! | --- | --- |
//! | root | nothing: the first change made it |
//! | `fields`, `case`, `names`, `devices` | set a key to text (`created`: to a time), delete a key |
//! | `notes` | make a note; never replace or delete one |
//! | a note | its parts, once, in the change that makes it |
//! | a note's text | insert and delete characters |
//! | `signatures`, `amendments` | insert an entry; never replace or delete one |
//! | `records` | set a key; never replace or delete it |

use std::sync::Arc;

use automerge::legacy::{ElementId, Key, Op, OpType};
use automerge::{ActorId, ObjType, ScalarValue};

use super::{Deed, History, Id, Run};
use crate::document::error::Reason;
use crate::document::limits;
use crate::document::note::{Amendment, Signature};
use crate::document::record::Record;
use crate::document::schema::{self, Kind, Root};

/// Where an operation stands.
pub(super) struct Place<'a> {
    /// Its author.
    pub(super) actor: &'a ActorId,
    /// Its own name.
    pub(super) id: Id,
    /// Counter of its change's first operation.
    pub(super) change: u64,
    /// What its change follows.
    pub(super) clock: &'a [u64],
}

type Ruled = Result<(Run, Option<Kind>), Reason>;

/// Judges one operation; `Ok` says what to remember of it, and what kind of object it made.
pub(super) fn check(history: &History, op: &Op, place: Place<'_>) -> Ruled {
    let (object, kind) = history.object(&op.obj, &place).ok_or(Reason::Rule(
        "it edits the root, or an object that its author had not seen",
    ))?;
    let run = |deed| Run {
        start: place.id.1,
        len: 1,
        object: Some(object),
        deed,
    };
    match &op.key {
        Key::Map(key) => {
            if op.insert {
                return Err(Reason::Rule("it inserts into a map"));
            }
            let made = in_map(kind, key, op, object, &place)?;
            predecessors(history, op, &place, object, key)?;
            let deed = if op.action == OpType::Delete {
                Deed::Delete
            } else {
                Deed::Set(Arc::from(key.as_str()))
            };
            if let Kind::Note = kind
                && history.run_with_key(object, key, &place)
            {
                return Err(Reason::Rule("it gives a part of a note twice"));
            }
            Ok((run(deed), made))
        }
        Key::Seq(element) => {
            if !history.element(element, &place, object) {
                return Err(Reason::Rule("it points to a place that its author had not seen"));
            }
            Ok((run(in_sequence(kind, element, op)?), None))
        }
    }
}

fn in_map(kind: Kind, key: &str, op: &Op, object: Id, place: &Place<'_>) -> Result<Option<Kind>, Reason> {
    use OpType::{Delete, Make, Put};
    use ScalarValue::{Str, Timestamp};
    let fresh = op.pred.is_empty();
    let made_here = object.0 == place.id.0 && object.1 >= place.change;
    let short = |text: &str| text.len() <= limits::NAME;
    match (kind, &op.action) {
        (Kind::Root(Root::Fields), Put(Str(v))) if is_field_key(key) && v.len() <= limits::FIELD_VALUE => {
            Ok(None)
        }
        (Kind::Root(Root::Names | Root::Devices), Put(Str(v))) if is_hex(key) && short(v) => Ok(None),
        (Kind::Root(Root::Case), Put(Str(v))) if schema::CASE_TEXT.contains(&key) && short(v) => Ok(None),
        (Kind::Root(Root::Case), Put(Timestamp(0..))) if key == schema::CREATED => Ok(None),
        (Kind::Root(Root::Fields | Root::Names | Root::Devices | Root::Case), Delete) if !fresh => Ok(None),
        (Kind::Root(Root::Records), Put(Str(v))) if fresh && is_id(key) && Record::decode(v).is_some() => {
            Ok(None)
        }
        (Kind::Root(Root::Notes), Make(ObjType::Map)) if fresh && is_id(key) => Ok(Some(Kind::Note)),
        (Kind::Note, action) if fresh && made_here => match (key, action) {
            (schema::AUTHOR | schema::TEMPLATE, Put(Str(v))) if short(v) => Ok(None),
            (schema::CREATED, Put(Timestamp(0..))) => Ok(None),
            (schema::TEXT, Make(ObjType::Text)) => Ok(Some(Kind::Text)),
            (schema::SIGNATURES, Make(ObjType::List)) => Ok(Some(Kind::Signatures)),
            (schema::AMENDMENTS, Make(ObjType::List)) => Ok(Some(Kind::Amendments)),
            _ => Err(Reason::Rule("a note has no such part")),
        },
        _ => Err(Reason::Rule("that may not be set, replaced or deleted there")),
    }
}

/// What an operation replaces must be what stands under the same key of the same object, each named once.
fn predecessors(history: &History, op: &Op, place: &Place<'_>, object: Id, key: &str) -> Result<(), Reason> {
    let mut named = Vec::with_capacity(op.pred.len());
    for reference in op.pred.iter() {
        let id = history.seen(reference, place);
        let fits = id.and_then(|id| history.run(id)).is_some_and(|run| {
            run.object == Some(object) && matches!(&run.deed, Deed::Set(theirs) if **theirs == *key)
        });
        if !fits || named.contains(&id) {
            return Err(Reason::Rule("it replaces what is not there"));
        }
        named.push(id);
    }
    Ok(())
}

fn in_sequence(kind: Kind, element: &ElementId, op: &Op) -> Result<Deed, Reason> {
    match (kind, &op.action) {
        (Kind::Text, OpType::Delete) if !op.insert => {
            let itself =
                op.pred.len() == 1 && element.as_opid().is_some() && op.pred.get(0) == element.as_opid();
            if itself {
                Ok(Deed::Delete)
            } else {
                Err(Reason::Rule("it deletes one character in the name of another"))
            }
        }
        (_, OpType::Put(value)) if op.insert && op.pred.is_empty() => {
            let fits = match (kind, value) {
                (Kind::Text, ScalarValue::Str(s)) => s.chars().count() == 1,
                (Kind::Signatures, ScalarValue::Str(s)) => Signature::decode(s).is_some(),
                (Kind::Amendments, ScalarValue::Str(s)) => Amendment::decode(s).is_some(),
                _ => false,
            };
            if fits {
                Ok(Deed::Insert)
            } else {
                Err(Reason::Rule("that is no entry of such a list"))
            }
        }
        _ => Err(Reason::Rule("that may not be replaced or deleted there")),
    }
}

fn is_field_key(key: &str) -> bool {
    !key.is_empty() && key.chars().count() <= limits::FIELD_KEY
}

fn is_hex(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= 64
        && key
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn is_id(key: &str) -> bool {
    key.len() == 32 && is_hex(key)
}

impl History {
    /// Whether the change at `place` has already set `key` of `object`, which it made itself.
    fn run_with_key(&self, object: Id, key: &str, place: &Place<'_>) -> bool {
        let runs = self.authors.get(place.id.0).map_or(&[][..], |a| &a.runs);
        let own = runs
            .get(runs.partition_point(|run| run.start < object.1)..)
            .unwrap_or_default();
        own.iter().any(|run| {
            run.object == Some(object) && matches!(&run.deed, Deed::Set(theirs) if **theirs == *key)
        })
    }
}
