//! What people write is nowhere to be found on the relay: not on the wire, not on its disk, not in its memory.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use rand::SeedableRng;
use rand::rngs::StdRng;
use troth_client_core::crypto::{DocumentCipher, IntakeContext, IntakeSecret, SealingSecret, actor};
use troth_client_core::document::{LaneDocument, NewNote};
use troth_client_core::intake::{Answered, Asking, Copied, IntakeLink, Pin, Said, Visit};
use troth_protocol::cbor;
use troth_protocol::ids::{DocumentId, Hash, InviteId};
use troth_protocol::statement::{Body, Invite, InvitePayload, Lane, PayloadRef, Reply, Seen, Statement};
use troth_protocol::wire::{ClientMessage, RelayMessage};
use troth_tests::proxy::Proxy;
use troth_tests::relay_process::RelayProcess;
use troth_tests::wire_client::{Author, Connection, Device, Ledger, content, context};
use troth_tests::{intake_client, process_memory};

/// What a counselor wrote. Random words, so that nothing else says them.
const CANARIES: [&str; 3] = [
    "zwevende-pinguin-4711",
    "Mevrouw Quarzbein weint",
    "grenzeloze-ockergans",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_is_neither_on_the_wire_nor_on_the_relay() -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let relay = RelayProcess::start(data.path(), "sqlite")?;
    let wire = Proxy::start(relay.address()).await?;

    let device = Arc::new(Device::generate(&mut rng));
    let member = Connection::found(wire.address(), &mut rng, &device).await?;
    let (mut connection, _) = Connection::log_in(wire.address(), &mut rng, &member, &device).await?;
    let (document, create) = member.create_document(&mut rng, &device)?;
    connection.append(1, vec![create]).await?;

    let mut lane = LaneDocument::new(actor(&device.id(), &document.id))?;
    let note = NewNote {
        author: "a1".into(),
        created_ms: 1,
        template: "soap".into(),
        text: format!("{} ", CANARIES[0]).repeat(40),
    };
    let mut author = Author::new(&member, device.clone(), &document);
    let edits = [
        lane.add_note([7; 16], &note)?,
        lane.set_field(CANARIES[1], CANARIES[2])?,
    ];
    for (request, edit) in (2..).zip(&edits) {
        let upload = author.write(&mut rng, std::slice::from_ref(edit))?;
        connection.append(request, vec![upload]).await?;
    }

    // Another connection reads it all back, and the reader finds what was written.
    let (mut reader, _) = Connection::log_in(wire.address(), &mut rng, &member, &device).await?;
    let entries = Ledger::new(&member)
        .catch_up(&mut reader, &mut rng, |_, _| {})
        .await?;
    let cipher = DocumentCipher::new(&document.key);
    let opened: Vec<Vec<u8>> = entries
        .iter()
        .filter(|e| e.parsed.statement().body.name() == "change")
        .zip(1..)
        .map(|(e, sequence)| {
            let context = context(member.practice, document.id, device.id(), sequence);
            Ok(cipher.decrypt(&context, &e.payload)?)
        })
        .collect::<Result<_>>()?;
    ensure!(
        opened == edits.clone().map(|edit| content(&[edit])),
        "the reader reads what was written"
    );

    let mut secrets = member.secrets();
    secrets.push(*document.key.to_bytes());
    let needles = Needles::new(&CANARIES, &secrets, &document.id);

    search(relay, &wire, data.path(), &needles)
}

/// What a client writes through an intake link, and what is asked.
const ANSWERED: [&str; 6] = [
    "kwetterende-zeekoe-1802",
    "Het was nooit haar schuld",
    "urn:troth:test:words",
    "What brings you here?",
    "I agree that what I write is kept.",
    "mosterdpotje",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_and_answered_through_a_link_is_neither_on_the_wire_nor_on_the_relay() -> Result<()> {
    let data = tempfile::tempdir()?;
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let relay = RelayProcess::start(data.path(), "sqlite")?;
    let wire = Proxy::start(relay.address()).await?;
    let device = Device::generate(&mut rng);
    let member = Connection::found(wire.address(), &mut rng, &device).await?;
    let (mut counselor, _) = Connection::log_in(wire.address(), &mut rng, &member, &device).await?;
    let (document, create) = member.create_lane(&mut rng, &device, Lane::PartnerA)?;
    counselor.append(1, vec![create]).await?;

    // The counselor makes a link, as a device does.
    let (secret, recipient) = (
        IntakeSecret::generate(&mut rng),
        SealingSecret::generate(&mut rng),
    );
    let context = IntakeContext {
        practice: member.practice,
        document: document.id,
        invite: InviteId([7; 16]),
    };
    let asking = Asking {
        recipient: recipient.public().to_bytes().to_vec().into(),
        ledger_key: member.ledger_key,
        origin: member.origin.clone(),
        practice: "De Kwetterende Praktijk".into(),
        asker: "Mevrouw Quarzbein".into(),
        readers: Vec::new(),
        form: intake_client::form().into(),
    };
    let link = IntakeLink {
        relay: format!("http://{}", wire.address()),
        invite: context.invite,
        recipient: Hash::of(&[&asking.recipient]),
        secret: secret.clone(),
    };
    let payload = cbor::encode(&InvitePayload {
        form: secret
            .seal_form(&mut rng, &context, &cbor::encode(&asking))?
            .into(),
        keys: document
            .key
            .seal_intake(&mut rng, &context, 1, &secret, &recipient)
            .into(),
    });
    let seen = Some(Seen {
        roster: member.roster,
        control: Some(document.control),
    });
    let statement = |body, payload: &[u8]| Statement {
        signer: device.id(),
        seen,
        payload: PayloadRef::of(payload),
        body,
    };
    let invite = Body::Invite(Invite {
        document: document.id,
        epoch: 1,
        invite: context.invite,
        link: secret.signing().verifying_key(),
        expires: u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())? + 3_600_000,
        limit: 1,
    });
    let (made, _) = device.upload(&member.practice, &statement(invite, &payload), payload);
    counselor.append(2, vec![made]).await?;

    // Somebody without an account reads the form, chooses a PIN, begins, goes on and sends.
    let mut client = Connection::open(wire.address()).await?;
    let visit = visit(&mut client, &link).await?;
    let pin = visit.stretch(&Pin::choose(ANSWERED[5])?)?;
    let keys = match ask(&mut client, &visit.unlock(&pin, true)).await? {
        RelayMessage::Unlocked(unlocked) => pin.open(&unlocked.pepper.0),
        other => bail!("expected a pepper, not {other:?}"),
    };
    let answers = intake_client::answers(&format!("{} {}", ANSWERED[0], ANSWERED[1]).repeat(20));
    let draft = visit.keep_draft(&mut rng, &pin, &keys, Some(ANSWERED[0].repeat(30).as_bytes()))?;
    ask(&mut client, &draft).await?;
    let sending = visit.say(&mut rng, 1, &keys, &answers)?;
    let taken = ask(&mut client, &sending.message).await?;
    ensure!(matches!(taken, RelayMessage::Appended(_)), "{taken:?}");
    // They ask for a copy, and the counselor sends it.
    let again = self::visit(&mut client, &link).await?;
    let asked = again.say(&mut rng, 2, &keys, &Said::Copy)?;
    ask(&mut client, &asked.message).await?;
    let copy = cbor::encode(&Answered::Copy(vec![Copied {
        received: 1,
        said: answers.clone(),
    }]));
    let sealed = secret.seal_reply(&mut rng, &keys.sealing.public(), &context, &asked.hash, &copy)?;
    let reply = Body::Reply(Reply {
        document: document.id,
        invite: context.invite,
        to: asked.hash,
    });
    let (reply, _) = device.upload(&member.practice, &statement(reply, &sealed), sealed);
    counselor.append(3, vec![reply]).await?;
    let last = self::visit(&mut client, &link).await?;
    let [(_, Answered::Copy(copies))] = &last.answered(&keys)[..] else {
        bail!("the copy arrives")
    };
    ensure!(copies[0].said == answers, "the client reads what was written");
    // The counselor reads it, too.
    let entries = Ledger::new(&member)
        .catch_up(&mut counselor, &mut rng, |_, _| {})
        .await?;
    let sent = entries
        .iter()
        .find(|e| e.parsed.statement().body.name() == "submission");
    let sent = sent.context("what was sent is in the ledger")?;
    let opened = secret.open_submission(&recipient, &context, (0, 1), &sent.payload)?;
    ensure!(
        contains(&opened, ANSWERED[1].as_bytes()),
        "the counselor reads it"
    );

    let mut secrets = vec![
        *secret.to_bytes(),
        *recipient.to_bytes(),
        *keys.sealing.to_bytes(),
        link.recipient.0,
        *document.key.to_bytes(),
    ];
    secrets.extend(member.secrets());
    let needles = Needles::new(&ANSWERED, &secrets, &document.id);
    search(relay, &wire, data.path(), &needles)
}

async fn ask(connection: &mut Connection, question: &ClientMessage) -> Result<RelayMessage> {
    connection.send(question).await?;
    connection.receive().await
}

async fn visit(connection: &mut Connection, link: &IntakeLink) -> Result<Visit> {
    match ask(connection, &ClientMessage::Link(link.invite)).await? {
        RelayMessage::Linked(linked) => Ok(Visit::open(link, linked)?),
        other => bail!("expected what is behind the link, not {other:?}"),
    }
}

/// Searches a running relay's memory, every byte that passed, and, once it is dead, its disk.
fn search(relay: RelayProcess, wire: &Proxy, data: &Path, needles: &Needles) -> Result<()> {
    let mut in_memory = Found::default();
    process_memory::read(relay.pid(), 256, |piece| needles.look(piece, &mut in_memory))?;
    let mut on_wire = Found::default();
    for recording in wire.recordings() {
        needles.look(&recording.sent, &mut on_wire);
        needles.look(&recording.received, &mut on_wire);
        recording
            .sent_messages()?
            .iter()
            .for_each(|message| needles.look(message, &mut on_wire));
    }
    relay.kill()?;
    let mut on_disk = Found::default();
    look_at_files(data, needles, &mut on_disk)?;

    for (place, found) in [("memory", in_memory), ("wire", on_wire), ("disk", on_disk)] {
        assert!(
            found.secrets.is_empty(),
            "on the relay's {place}: {:?}",
            found.secrets
        );
        assert!(
            found.document > 0,
            "the search of the {place} finds even what must be there"
        );
    }
    Ok(())
}

/// What is searched for: what must not be there in any spelling, and the document's name, which must.
struct Needles {
    secrets: Vec<Vec<u8>>,
    document: DocumentId,
}

#[derive(Default)]
struct Found {
    secrets: Vec<String>,
    document: usize,
}

impl Needles {
    fn new(texts: &[&str], keys: &[[u8; 32]], document: &DocumentId) -> Self {
        let texts = texts.iter().map(|text| text.as_bytes().to_vec());
        let plain: Vec<Vec<u8>> = texts.chain(keys.iter().map(|key| key.to_vec())).collect();
        let spelled = plain.iter().flat_map(|p| {
            let utf16: Vec<u8> = p.iter().flat_map(|b| [*b, 0]).collect();
            // Base64 by its middle: it reads the same whatever stands around it in whole groups of three.
            let base64 = BASE64.encode(&p[..p.len() / 3 * 3]);
            [
                HEXLOWER.encode(p).into_bytes(),
                HEXUPPER.encode(p).into_bytes(),
                base64.into_bytes(),
                utf16,
            ]
        });
        Self {
            secrets: plain.iter().cloned().chain(spelled).collect(),
            document: *document,
        }
    }

    fn look(&self, hay: &[u8], found: &mut Found) {
        for needle in &self.secrets {
            if contains(hay, needle) {
                found.secrets.push(String::from_utf8_lossy(needle).into_owned());
            }
        }
        found.document += usize::from(contains(hay, self.document.as_bytes()));
    }
}

fn look_at_files(dir: &Path, needles: &Needles, found: &mut Found) -> Result<()> {
    for item in fs::read_dir(dir)? {
        let path = item?.path();
        if path.is_dir() {
            look_at_files(&path, needles, found)?;
        } else {
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            needles.look(&bytes, found);
            needles.look(path.to_string_lossy().as_bytes(), found);
        }
    }
    Ok(())
}

/// Whether `needle` occurs in `hay`. Looks for its first byte, then compares.
fn contains(hay: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else { return true };
    let mut rest = hay;
    while let Some(at) = rest.iter().position(|b| b == first) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}
