//! What a vector says of what was accepted: enough to see that it was understood.

use serde_json::{Value, json};
use troth_protocol::ids::Hash;
use troth_protocol::statement::{Body, RosterAction, Statement};
use troth_protocol::wire::{ClientMessage, Item, Items, RelayMessage};

use crate::hex;

/// The name of a value's variant.
fn name(value: impl std::fmt::Debug) -> String {
    let text = format!("{value:?}");
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

pub fn statement(statement: &Statement, hash: &Hash) -> Value {
    let seen = statement
        .seen
        .map(|s| json!({ "roster": s.roster.to_string(), "control": s.control.map(|c| c.to_string()) }));
    let payload = statement
        .payload
        .map(|p| json!({ "digest": p.digest.to_string(), "length": p.length }));
    json!({
        "hash": hash.to_string(),
        "statement": statement.body.name(),
        "signer": statement.signer.to_string(),
        "stream": hex(&statement.stream().key()),
        "seen": seen,
        "payload": payload,
        "sealings": statement.sealings().len(),
        "body": body(&statement.body),
    })
}

fn body(body: &Body) -> Value {
    match body {
        Body::Genesis(g) => json!({
            "founder": g.founder.to_string(),
            "device": g.device.id().to_string(),
            "origin": g.origin,
            "ledger_key": g.ledger_key.to_string(),
            "custodian": g.policy.custodian.map(|m| m.to_string()),
            "recovery_wait_ms": g.policy.recovery_wait_ms,
            "witnesses": g.policy.witnesses,
            "quorum": g.policy.quorum,
        }),
        Body::Roster(r) => json!({
            "prev": r.prev.to_string(),
            "actions": r.actions.iter().map(action).collect::<Vec<_>>(),
        }),
        Body::Document(d) => json!({
            "document": d.document.to_string(),
            "prev": d.prev.map(|p| p.to_string()),
            "actions": d.actions.iter().map(name).collect::<Vec<_>>(),
        }),
        Body::Change(c) => json!({
            "document": c.document.to_string(),
            "epoch": c.epoch,
            "sequence": c.sequence,
            "prev": c.prev.map(|p| p.to_string()),
        }),
        Body::Snapshot(s) => json!({
            "document": s.document.to_string(),
            "epoch": s.epoch,
            "covers": s.covers.iter().map(|c| c.sequence).collect::<Vec<_>>(),
        }),
        Body::Attest(a) => json!({ "document": a.document.to_string(), "snapshot": a.snapshot.to_string() }),
        Body::Session(s) => json!({ "transcript": s.transcript.to_string() }),
        Body::Access(a) => json!({ "document": a.document.to_string(), "kind": name(a.kind) }),
        Body::Invite(i) => json!({
            "document": i.document.to_string(),
            "epoch": i.epoch,
            "invite": i.invite.to_string(),
            "expires": i.expires,
            "limit": i.limit,
        }),
        Body::CloseInvite(c) => json!({
            "document": c.document.to_string(),
            "invite": c.invite.to_string(),
        }),
        Body::Reply(r) => json!({
            "document": r.document.to_string(),
            "invite": r.invite.to_string(),
            "to": r.to.to_string(),
        }),
        Body::Submission(s) => json!({
            "document": s.document.to_string(),
            "invite": s.invite.to_string(),
            "kind": name(s.kind),
            "sequence": s.sequence,
            "prev": s.prev.map(|p| p.to_string()),
        }),
        Body::Erasure(e) => json!({ "document": e.document.to_string(), "prev": e.prev.to_string() }),
        Body::Notice(n) => json!({ "kind": name(n.kind), "count": n.count }),
    }
}

fn action(action: &RosterAction) -> Value {
    match action {
        RosterAction::AddDevice { device, .. } => json!({ "AddDevice": device.id().to_string() }),
        RosterAction::AddMember { member, role, .. } => {
            json!({ "AddMember": member.to_string(), "role": name(role) })
        }
        RosterAction::RevokeDevice { device, compromised } => {
            json!({ "RevokeDevice": device.to_string(), "compromised": compromised })
        }
        other => name(other).into(),
    }
}

pub fn client(message: &ClientMessage) -> Value {
    let fields = match message {
        ClientMessage::Hello(h) => json!({
            "practice": h.practice.to_string(),
            "device": h.device.to_string(),
            "nonce": h.nonce.to_string(),
            "size": h.size,
        }),
        ClientMessage::Session(s) => json!({ "statement": Hash::of(&[&s.statement]).to_string() }),
        ClientMessage::Append(a) => json!({
            "request": a.request,
            "payloads": a.uploads.iter().map(|u| u.payload.len()).collect::<Vec<_>>(),
        }),
        ClientMessage::Follow(f) => json!({ "nonce": f.nonce.to_string(), "size": f.size }),
        ClientMessage::Fetch(f) => {
            json!({ "request": f.request, "documents": f.documents.len(), "size": f.size })
        }
        ClientMessage::Found(f) => {
            json!({ "practice": Hash::of(&[&f.genesis.signed.statement]).to_string() })
        }
        ClientMessage::Info => json!({}),
        ClientMessage::Put(p) => json!({ "slot": p.slot, "value": p.value.len() }),
        ClientMessage::Take(t) => json!({ "slot": t.slot }),
        ClientMessage::Link(invite) => json!({ "invite": invite.to_string() }),
        ClientMessage::Submit(s) => json!({
            "request": s.request,
            "practice": s.practice.to_string(),
            "payload": s.upload.payload.len(),
        }),
        ClientMessage::Unlock(u) => json!({ "invite": u.invite.to_string(), "choose": u.choose }),
        ClientMessage::KeepDraft(k) => json!({
            "invite": k.invite.to_string(),
            "draft": k.draft.as_ref().map(|d| d.len()),
        }),
        ClientMessage::Ahead(a) => json!({ "size": a.checkpoint.size, "ledger": a.ledger.to_string() }),
        ClientMessage::Restore(r) => json!({
            "request": r.request,
            "received": r.entries.iter().map(|e| e.received).collect::<Vec<_>>(),
            "payloads": r.entries.iter().map(|e| e.payload.as_ref().map(|p| p.len())).collect::<Vec<_>>(),
        }),
        ClientMessage::Restored => json!({}),
        ClientMessage::Locate(device) => json!({ "device": device.to_string() }),
    };
    json!({ "message": name(message), "fields": fields })
}

fn items(items: &Items) -> Value {
    let shapes = items.items.iter().map(|item| match item {
        Item::Entry(e) => {
            json!({ "entry": e.leaf.stream_seq, "payload": e.payload.as_ref().map(|p| p.len()) })
        }
        Item::Roots(r) => json!({ "run": r.entries, "roots": r.roots.len() / 32 }),
    });
    json!({
        "from": items.from,
        "items": shapes.collect::<Vec<_>>(),
        "size": items.checkpoint.size,
        "beat": items.counts.map(|c| c.counts.beat),
    })
}

pub fn relay(message: &RelayMessage) -> Value {
    let fields = match message {
        RelayMessage::Challenge(c) => json!({
            "nonce": c.nonce.to_string(),
            "origin": c.origin,
            "size": c.checkpoint.size,
        }),
        RelayMessage::Welcome(w) => json!({ "now": w.now }),
        RelayMessage::Appended(a) => json!({
            "request": a.request,
            "positions": a.receipts.iter().map(|r| r.position).collect::<Vec<_>>(),
        }),
        RelayMessage::Refused(r) => json!({
            "request": r.request,
            "index": r.index,
            "rule": r.rule,
            "means": format!("R{}", r.rule().number()),
            "head": r.head.map(|h| h.to_string()),
        }),
        RelayMessage::Items(i) => items(i),
        RelayMessage::Fetched(request, more, i) => {
            json!({ "request": request, "more": more, "items": items(i) })
        }
        RelayMessage::Info(i) => {
            json!({ "origin": i.origin, "ledger_key": i.ledger_key.to_string(), "now": i.now })
        }
        RelayMessage::Mail(p) => json!({ "slot": p.slot, "value": p.value.len() }),
        RelayMessage::Goodbye(g) => json!({ "rule": g.rule }),
        RelayMessage::NoMail(n) => json!({ "slot": n.slot, "rule": n.rule }),
        RelayMessage::Witnessed(w) => json!({ "size": w.checkpoint.size, "cosignatures": w.cosignatures }),
        RelayMessage::Linked(l) => json!({
            "invite": l.invite.to_string(),
            "practice": l.practice.to_string(),
            "form": l.form.len(),
            "sequence": l.sequence,
            "closed": l.closed,
            "tries": l.tries,
            "replies": l.replies.iter().map(|r| r.position).collect::<Vec<_>>(),
        }),
        RelayMessage::Resumed(all) => {
            json!({ "positions": all.iter().map(|p| p.position).collect::<Vec<_>>() })
        }
        RelayMessage::Held(h) => {
            json!({ "waits": h.waits, "abandoned": h.abandoned.map(|a| a.size) })
        }
        RelayMessage::Unlocked(u) => json!({
            "invite": u.invite.to_string(),
            "draft": u.draft.as_ref().map(|d| d.len()),
        }),
        RelayMessage::NoLink(n) => json!({
            "invite": n.invite.to_string(),
            "rule": n.rule,
            "tries": n.tries,
        }),
        RelayMessage::NewKey(n) => json!({ "key": n.key.to_string() }),
        RelayMessage::Located(found) => json!({ "practice": found.map(|p| p.to_string()) }),
    };
    json!({ "message": name(message), "fields": fields })
}
