//! What people write is nowhere to be found on the relay: not on the wire, not on its disk, not in its memory.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use rand::SeedableRng;
use rand::rngs::StdRng;
use troth_client_core::crypto::{DocumentCipher, actor};
use troth_client_core::document::{LaneDocument, NewNote};
use troth_protocol::ids::DocumentId;
use troth_tests::process_memory;
use troth_tests::proxy::Proxy;
use troth_tests::relay_process::RelayProcess;
use troth_tests::wire_client::{Author, Connection, Device, Ledger, content, context};

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
    let needles = Needles::new(&secrets, &document.id);

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
    look_at_files(data.path(), &needles, &mut on_disk)?;

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
    fn new(keys: &[[u8; 32]], document: &DocumentId) -> Self {
        let texts = CANARIES.iter().map(|text| text.as_bytes().to_vec());
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
