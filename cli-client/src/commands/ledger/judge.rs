//! What is said to prove a relay's dishonesty, judged by the file alone: no device, no passphrase, no network.

use std::path::Path;

use serde_json::{Value, json};
use troth_protocol::checkpoint::{KeyKind, VerifierKey};
use troth_protocol::evidence::{Contradiction, Unproven, Verdict, judge};
use troth_protocol::limits;
use troth_protocol::stream::Stream;

use crate::failure::Failure;
use crate::files;
use crate::language::Language;
use crate::messages::ledger as say;
use crate::session::Session;

/// Judges a file.
///
/// # Errors
/// It proves nothing, or cannot be read.
pub fn file(session: &Session, path: &Path) -> Result<(), Failure> {
    let language = session.language;
    let most = u64::try_from(limits::EVIDENCE).unwrap_or(u64::MAX);
    let read = files::read_at_most(path, most);
    // What is too long is no evidence file, whatever it begins with.
    let bytes = read
        .map_err(|e| Failure::io(language, path.display(), &e))?
        .unwrap_or_default();
    let verdict =
        judge(&bytes).map_err(|why| Failure::failed(say::not_proven(language, &reason(language, why))))?;
    let keys = verdict.keys.map(|key| {
        let vkey = VerifierKey::new(verdict.origin.clone(), KeyKind::Ed25519, key);
        vkey.map_or_else(|_| key.to_string(), |vkey| vkey.to_string())
    });
    let by = if keys[0] == keys[1] {
        say::proven(language, &keys[0])
    } else {
        say::proven_turned(language, &keys[0], &keys[1])
    };
    let words = format!("{}\n{by}\n", words(language, &verdict.contradiction));
    session.out.result(&value(&verdict, &keys), &words)
}

fn words(language: Language, contradiction: &Contradiction) -> String {
    match contradiction {
        Contradiction::TwoRoots { size, roots } => {
            say::two_roots(language, *size, &roots[0].to_string(), &roots[1].to_string())
        }
        Contradiction::Rewritten {
            size,
            signed,
            led,
            later,
        } => say::rewritten(language, *size, &signed.to_string(), &led.to_string(), *later),
        Contradiction::Miscounted {
            size,
            signed,
            position,
            number,
            ..
        } => say::miscounted(language, *size, *signed, *position, *number),
    }
}

fn value(verdict: &Verdict, keys: &[String; 2]) -> Value {
    let mut value = json!({
        "proven": true,
        "practice": verdict.practice.to_string(),
        "origin": verdict.origin,
        "keys": keys,
    });
    let (kind, what) = match &verdict.contradiction {
        Contradiction::TwoRoots { size, roots } => (
            "two_roots",
            json!({ "size": size, "roots": roots.map(|root| root.to_string()) }),
        ),
        Contradiction::Rewritten {
            size,
            signed,
            led,
            later,
        } => (
            "rewritten",
            json!({
                "size": size,
                "signed": signed.to_string(),
                "led": led.to_string(),
                "later": later,
            }),
        ),
        Contradiction::Miscounted {
            stream,
            size,
            signed,
            position,
            number,
        } => (
            "miscounted",
            json!({
                "stream": stream_name(stream),
                "size": size,
                "signed": signed,
                "position": position,
                "number": number,
            }),
        ),
    };
    value["kind"] = kind.into();
    value["contradiction"] = what;
    value
}

fn stream_name(stream: &Stream) -> String {
    match stream {
        Stream::Roster => "roster".to_owned(),
        Stream::Document(id) => format!("document {id}"),
        Stream::Device(id) => format!("device {id}"),
        Stream::Notices => "notices".to_owned(),
    }
}

fn reason(language: Language, why: Unproven) -> String {
    match why {
        Unproven::Form(_) => say::unproven_form(language),
        Unproven::Version => say::unproven_version(language),
        Unproven::Chain { .. } => say::unproven_chain(language),
        Unproven::Signature => say::unproven_signature(language),
        Unproven::Unconnected => say::unproven_parts(language),
        Unproven::Consistent => say::unproven_consistent(language),
    }
}
