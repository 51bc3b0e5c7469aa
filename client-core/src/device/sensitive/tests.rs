use rand::SeedableRng as _;
use rand::rngs::StdRng;
use troth_protocol::ids::{CaseId, DocumentId, MemberId};
use troth_protocol::statement::Lane;

use super::*;
use crate::device::{Effect, Event};
use crate::document::{LaneDocument, NewNote};
use crate::storage::MemoryStorage;

const FIRST: &str = "seven quiet herons wade at dusk";
const SECOND: &str = "copper kettles hum below the stairs";
const CHEAP: Cost = Cost { m_kib: 8, t: 1, p: 1 };
const NOW: u64 = 1_800_000_000_000;
const CANARY: &str = "zwevende-pinguin-4711";
const GENERAL: &str = "grenzeloze-ockergans";

/// A device with a case, as it is before its relay has seen either.
struct Desk {
    device: Device<MemoryStorage>,
    rng: StdRng,
    case: CaseId,
    /// Every change that was made, as the documents made it: compressed, so that a search for its words alone would prove
    /// little.
    changes: Vec<(Lane, Vec<u8>)>,
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text, &[]).unwrap()
}

impl Desk {
    fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(7);
        let storage = MemoryStorage::default();
        let mut device = Device::create(&mut rng, storage, &passphrase(FIRST), CHEAP, "study").unwrap();
        device.identity.member = Some(MemberId([1; 16]));
        let case = device.new_case(NOW, &mut rng, "Lee", "Ann", Some("Bo")).unwrap();
        let changes = Vec::new();
        Self {
            device,
            rng,
            case,
            changes,
        }
    }

    /// One on which the second passphrase was chosen just now.
    fn open() -> Self {
        let mut desk = Self::new();
        desk.choose(SECOND).unwrap();
        desk
    }

    fn choose(&mut self, text: &str) -> Result<(), DeviceError> {
        self.device
            .set_sensitive_passphrase(NOW, &mut self.rng, &passphrase(text), CHEAP)
    }

    fn document(&self, lane: Lane) -> DocumentId {
        self.device.document_of(&self.case, lane).unwrap()
    }

    fn write(&mut self, now: u64, lane: Lane, text: &str) -> Result<(), DeviceError> {
        let note = NewNote {
            author: "a1".into(),
            created_ms: now,
            template: String::new(),
            text: text.to_owned(),
        };
        let document = self.document(lane);
        let id = [u8::try_from(self.device.waiting()).unwrap(); 16];
        let changes = &mut self.changes;
        self.device.edit(now, &mut self.rng, document, |doc| {
            let change = doc.add_note(id, &note)?;
            changes.push((lane, change.clone()));
            Ok(change)
        })
    }

    fn read(&mut self, lane: Lane) -> Result<Vec<String>, DeviceError> {
        let document = self.document(lane);
        let notes = self.device.read(document, LaneDocument::notes)?;
        Ok(notes.into_iter().map(|note| note.text).collect())
    }

    fn tick(&mut self, now: u64) -> Vec<Effect> {
        self.device.handle(now, &mut self.rng, Event::Tick).unwrap()
    }

    /// The same store, opened anew.
    fn reopened(mut self) -> Self {
        self.device = Device::open(self.device.storage().clone(), FIRST).unwrap();
        self
    }

    /// All that the first passphrase opens of the store, in one piece, with what stands in clear.
    fn given_by_the_first(&self) -> Vec<u8> {
        let storage = self.device.storage();
        let header = storage.get(HEADER, &HEADER_NAME).unwrap().unwrap();
        let vault = VaultHeader::from_bytes(&header).unwrap().unlock(FIRST).unwrap();
        let mut all = Vec::new();
        for table in 0..=u8::MAX {
            for (name, value) in storage.scan(table).unwrap() {
                all.extend_from_slice(&value);
                if let Ok(opened) = vault.open_row(&name, &value) {
                    all.extend_from_slice(&opened);
                }
            }
        }
        all
    }
}

fn holds(all: &[u8], needle: &[u8]) -> bool {
    all.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn before_a_second_passphrase_is_chosen_nothing_sensitive_is_read_or_written() {
    let mut desk = Desk::new();
    assert_eq!(desk.device.sensitive(), SensitiveState::NotSet);
    for lane in [Lane::Assessments, Lane::ProcessNotes] {
        let refused = desk.write(NOW, lane, CANARY).unwrap_err();
        assert!(matches!(refused, DeviceError::SensitiveNotSet), "{refused}");
        assert!(
            refused.to_string().contains("troth passphrase sensitive"),
            "says how to choose one"
        );
        assert!(matches!(desk.read(lane), Err(DeviceError::SensitiveNotSet)));
    }
    assert!(matches!(
        desk.device.unlock_sensitive(NOW, FIRST),
        Err(DeviceError::SensitiveNotSet)
    ));
    desk.write(NOW, Lane::Joint, GENERAL).unwrap();
    assert_eq!(desk.read(Lane::Joint).unwrap(), [GENERAL]);
}

#[test]
fn the_first_passphrase_alone_gives_neither_what_is_sensitive_nor_the_seed_that_opens_it() {
    let mut desk = Desk::new();
    let seed = desk.device.sensitive_secret().unwrap().to_bytes();
    assert!(
        holds(&desk.given_by_the_first(), seed.as_slice()),
        "before the choice it is there: this search finds it"
    );
    desk.choose(SECOND).unwrap();
    desk.write(NOW, Lane::Assessments, CANARY).unwrap();
    desk.write(NOW, Lane::Joint, GENERAL).unwrap();
    // Set aside, as after a revocation, it stays as closed as while it waited.
    desk.write(NOW, Lane::ProcessNotes, CANARY).unwrap();
    let aside = *desk.device.outbox.last_key_value().unwrap().0;
    let (rule, mut effects) = (troth_protocol::rule::Rule::Revoked, Vec::new());
    desk.device
        .set_all_aside(&mut desk.rng, rule, &mut effects)
        .unwrap();
    assert!(!desk.device.outbox.contains_key(&aside));

    let given = desk.given_by_the_first();
    assert_eq!(desk.changes.len(), 3);
    for (lane, change) in &desk.changes {
        let sensitive = *lane != Lane::Joint;
        assert_eq!(
            !sensitive,
            holds(&given, change),
            "{lane:?}: this search finds what is there"
        );
    }
    assert!(!holds(&given, CANARY.as_bytes()));
    assert!(!holds(&given, seed.as_slice()));
    let own = desk.device.sensitive_secret().unwrap().to_bytes();
    assert_eq!(own, seed, "the key is the same, behind another door");

    let mut opened = desk.reopened();
    assert_eq!(opened.device.sensitive(), SensitiveState::Locked);
    assert!(matches!(
        opened.device.sensitive_secret(),
        Err(DeviceError::SensitiveLocked)
    ));
    assert!(matches!(
        opened.device.unlock_sensitive(NOW, FIRST),
        Err(DeviceError::WrongPassphrase)
    ));
}

#[test]
fn it_closes_after_five_minutes_without_use() {
    let mut desk = Desk::open();
    desk.write(NOW, Lane::Assessments, CANARY).unwrap();
    let effects = desk.tick(NOW + 1_000);
    assert!(
        effects
            .iter()
            .any(|e| matches!(e, Effect::WakeAt(at) if *at == NOW + SENSITIVE_IDLE_MS)),
        "the engine asks to be woken: {effects:?}"
    );

    // Reading counts from the time that was told last.
    desk.tick(NOW + 200_000);
    assert_eq!(desk.read(Lane::Assessments).unwrap(), [CANARY]);
    let closes_at_ms = NOW + 200_000 + SENSITIVE_IDLE_MS;
    assert_eq!(desk.device.sensitive(), SensitiveState::Open { closes_at_ms });
    desk.tick(closes_at_ms - 1);
    assert_eq!(desk.device.sensitive(), SensitiveState::Open { closes_at_ms });

    let sensitive = desk.document(Lane::Assessments);
    assert!(desk.device.contents.contains_key(&sensitive));
    desk.tick(closes_at_ms);
    assert_eq!(desk.device.sensitive(), SensitiveState::Locked);
    assert!(
        !desk.device.contents.contains_key(&sensitive),
        "nothing is left open"
    );
    assert!(desk.device.sensitive_secret().is_err());
    assert!(matches!(
        desk.read(Lane::Assessments),
        Err(DeviceError::SensitiveLocked)
    ));
    assert!(matches!(
        desk.write(closes_at_ms, Lane::Assessments, "more"),
        Err(DeviceError::SensitiveLocked)
    ));
    desk.write(closes_at_ms, Lane::Joint, GENERAL).unwrap();

    desk.device.unlock_sensitive(closes_at_ms, SECOND).unwrap();
    assert_eq!(desk.read(Lane::Assessments).unwrap(), [CANARY]);
    desk.device.lock_sensitive();
    assert_eq!(desk.device.sensitive(), SensitiveState::Locked);
}

#[test]
fn whatever_tells_the_time_closes_it() {
    let late = NOW + SENSITIVE_IDLE_MS;
    let tell: [fn(&mut Desk, u64); 5] = [
        |desk, now| drop(desk.tick(now)),
        |desk, now| drop(desk.device.pump(now, &mut desk.rng).unwrap()),
        |desk, now| desk.write(now, Lane::Joint, GENERAL).unwrap(),
        |desk, now| {
            let _ = desk
                .device
                .new_case(now, &mut desk.rng, "Wu", "Cy", None)
                .unwrap();
        },
        |desk, now| {
            let refused = desk.write(now, Lane::Assessments, "too late").unwrap_err();
            assert!(matches!(refused, DeviceError::SensitiveLocked), "{refused}");
        },
    ];
    for tell in tell {
        let mut desk = Desk::open();
        tell(&mut desk, late);
        assert_eq!(desk.device.sensitive(), SensitiveState::Locked);
    }
}

#[test]
fn a_clock_that_goes_back_keeps_nothing_open() {
    let mut desk = Desk::open();
    let earlier = NOW - 3_600_000;
    desk.tick(earlier);
    let closes_at_ms = earlier + SENSITIVE_IDLE_MS;
    assert_eq!(desk.device.sensitive(), SensitiveState::Open { closes_at_ms });
    desk.read(Lane::Assessments).unwrap();
    assert_eq!(desk.device.sensitive(), SensitiveState::Open { closes_at_ms });
    desk.tick(closes_at_ms);
    assert_eq!(desk.device.sensitive(), SensitiveState::Locked);
}

#[test]
fn what_was_written_while_open_is_there_after_a_restart_and_an_unlock() {
    let mut desk = Desk::open();
    desk.write(NOW, Lane::ProcessNotes, CANARY).unwrap();
    let waiting = desk.device.waiting();
    let mut desk = desk.reopened();
    assert_eq!(desk.device.waiting(), waiting);
    assert_eq!(desk.device.waiting_for_unlock(), 1);
    assert!(matches!(
        desk.read(Lane::ProcessNotes),
        Err(DeviceError::SensitiveLocked)
    ));
    desk.device.unlock_sensitive(NOW, SECOND).unwrap();
    assert_eq!(desk.read(Lane::ProcessNotes).unwrap(), [CANARY]);
    assert_eq!(desk.device.waiting_for_unlock(), 0);
}

#[test]
fn a_case_with_its_sensitive_lanes_is_opened_while_they_are_locked() {
    let mut desk = Desk::open();
    desk.device.lock_sensitive();
    let case = desk
        .device
        .new_case(NOW, &mut desk.rng, "Wu", "Cy", None)
        .unwrap();
    assert!(desk.device.document_of(&case, Lane::Assessments).is_some());
    assert_eq!(
        desk.device.waiting_for_unlock(),
        0,
        "nothing of it waits for the passphrase"
    );
}

#[test]
fn the_second_passphrase_is_another_than_the_first_and_is_chosen_once() {
    let mut desk = Desk::new();
    assert!(matches!(desk.choose(FIRST), Err(DeviceError::SamePassphrase)));
    assert_eq!(desk.device.sensitive(), SensitiveState::NotSet);
    desk.choose(SECOND).unwrap();
    let other = "a lantern for every second mooring";
    assert!(matches!(desk.choose(other), Err(DeviceError::SensitiveSet)));
}

#[test]
fn it_is_changed_by_whoever_knows_it() {
    let mut desk = Desk::open();
    desk.write(NOW, Lane::Assessments, CANARY).unwrap();
    desk.device.lock_sensitive();
    let new = "a lantern for every second mooring";
    let change = |desk: &mut Desk, old: &str, new: &str| {
        let new = passphrase(new);
        desk.device
            .change_sensitive_passphrase(NOW, &mut desk.rng, old, &new, CHEAP)
    };
    assert!(matches!(
        change(&mut desk, FIRST, new),
        Err(DeviceError::WrongPassphrase)
    ));
    assert!(matches!(
        change(&mut desk, SECOND, FIRST),
        Err(DeviceError::SamePassphrase)
    ));
    desk.device.unlock_sensitive(NOW, SECOND).unwrap();
    desk.device.lock_sensitive();
    change(&mut desk, SECOND, new).unwrap();
    assert_eq!(desk.device.sensitive(), SensitiveState::Locked);

    let mut desk = desk.reopened();
    assert!(matches!(
        desk.device.unlock_sensitive(NOW, SECOND),
        Err(DeviceError::WrongPassphrase)
    ));
    desk.device.unlock_sensitive(NOW, new).unwrap();
    assert_eq!(desk.read(Lane::Assessments).unwrap(), [CANARY]);
}

#[test]
fn a_second_header_that_was_taken_away_is_damage_and_no_way_in() {
    let desk = Desk::open();
    let mut storage = desk.device.storage().clone();
    let gone = Write {
        table: HEADER,
        name: SECOND_HEADER_NAME,
        value: None,
    };
    storage.commit(vec![gone]).unwrap();
    assert!(matches!(
        Device::open(storage, FIRST),
        Err(DeviceError::Damaged(_))
    ));
}
