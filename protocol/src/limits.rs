//! Every maximum of the protocol, each with its reason. What exceeds one is refused, never cut.

/// Longest statement, in bytes. The largest honest one is a removal from a practice of hundreds: a key list in clear.
pub const STATEMENT: usize = 64 * 1024;
/// Longest payload of a change, in bytes: an hour's prose with its history is a tenth of this.
pub const PAYLOAD: usize = 1024 * 1024;
/// Statements in one `append`: what one device may make durable, all or nothing, in one exchange.
pub const APPEND_STATEMENTS: usize = 256;
/// Longest frame on the wire, in bytes: an append with the largest payload and its statement, and room for framing.
pub const FRAME: usize = PAYLOAD + STATEMENT + 64 * 1024;
/// Where the relay ends one `items` frame, in bytes: small enough to interleave with acknowledgements.
pub const ITEMS_FRAME: usize = 256 * 1024;
/// Documents named in one `fetch`: a caseload's worth, in a frame of 32 KiB.
pub const FETCH_DOCUMENTS: usize = 2048;
/// Actions in one roster or document statement: a removal turns at most four keys beside itself.
pub const ACTIONS: usize = 16;
/// Sealed keys in one statement: every device of a large practice, and what their statement may hold in 64 KiB.
pub const SEALINGS: usize = 512;
/// Readers of one document: a practice's staff plus a couple.
pub const READERS: usize = 256;
/// Longest relay origin, in bytes: a DNS name with its port.
pub const ORIGIN: usize = 280;
/// Witnesses that a policy may name.
pub const WITNESSES: usize = 16;
/// Longest witness key in a policy, in bytes (a C2SP verifier key): one of ML-DSA-44 has 1,313 bytes in base64, and a name of at most
/// 255. Sixteen of them leave room in a statement.
pub const WITNESS_KEY: usize = 2_048;
/// Members of a practice, past and present: replaying the roster stays under a second.
pub const MEMBERS: usize = 10_000;
/// Active devices of one member: each turn of the member's key seals to all of them.
pub const MEMBER_DEVICES: usize = 32;
/// Roster statements that a member who is no admin may make for their own devices in one day (UTC, by `received`):
/// nobody can keep the chain so busy that a removal never lands.
pub const OWN_STATEMENTS_PER_DAY: u32 = 24;
/// Authors that one snapshot covers.
pub const COVERS: usize = 1024;
/// Wait before a snapshot of what one member alone wrote and reads stands in for it, in milliseconds: seven days, in which
/// that member's other devices can find fault with it.
pub const SNAPSHOT_GRACE_MS: u64 = 7 * 24 * 60 * 60 * 1000;
/// How much a client's clock may lag behind the relay's when it judges whether that wait is over, in milliseconds: a day.
pub const SNAPSHOT_SKEW_MS: u64 = 24 * 60 * 60 * 1000;
/// Intake links of one document, open or not.
pub const LINKS: usize = 64;
/// Longest life of an intake link, in milliseconds: a year.
pub const LINK_MS: u64 = 365 * 24 * 60 * 60 * 1000;
/// Submissions through one intake link: answers, and later requests for a copy, for an erasure, a withdrawal. As many replies.
pub const LINK_SUBMISSIONS: usize = 32;
/// Longest payload of an intake link, its sealed form among it, in bytes: the largest that is shipped is a tenth of this.
pub const LINK_FORM: usize = 256 * 1024;
/// Tries to prove the PIN of an intake link, for its life: a PIN of six digits is guessed once in 100,000 links.
pub const PIN_TRIES: u8 = 10;
/// Longest draft that the relay keeps for an intake link, in bytes.
pub const DRAFT: usize = 60 * 1024;
/// Life of a draft since it was last kept, in milliseconds: thirty days.
pub const DRAFT_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Longest payload of a submission and of a reply, in bytes: with its statement it fits a stranger's frame.
pub const SUBMISSION: usize = 60 * 1024;
/// Pending invitations of a practice.
pub const INVITES: usize = 1024;
/// Open proposals to recover a member: each holds a device's and a member's keys, about 5 KiB, and asks for an admin's eye.
pub const RECOVERIES: usize = 8;
/// Least wait before a single admin recovers a member, in milliseconds: 72 hours, a weekend away from the screen. A policy
/// may ask for more.
pub const RECOVERY_WAIT_MS: u64 = 72 * 60 * 60 * 1000;
/// Age after which a login is written into the ledger again, in milliseconds: twelve hours.
pub const SESSION_LOGGED_MS: u64 = 12 * 60 * 60 * 1000;
/// Longest life of a mailbox used for linking, in milliseconds: ten minutes.
pub const MAILBOX_MS: u64 = 10 * 60 * 1000;
/// Largest value put into a mailbox, in bytes: three public keys and a sealed answer.
pub const MAILBOX_VALUE: usize = 16 * 1024;
/// Values that one mailbox holds: one for each step of linking.
pub const MAILBOX_SLOTS: u8 = 4;
/// Time between two beats on a quiet connection, in milliseconds.
pub const BEAT_MS: u64 = 30_000;
/// Longest evidence file, in bytes: the practice chain of a large practice whose ledger key was turned, and a frame of entries.
pub const EVIDENCE: usize = 16 * 1024 * 1024;
/// Longest frame of a connection that has not logged in, in bytes: a genesis with its sealed keys and sixteen witnesses is
/// half of this. It bounds what strangers make a relay hold.
pub const GUEST_FRAME: usize = 64 * 1024;
/// Connections of one address (IPv6: of one /64) at once, and new ones in a minute, unless the operator says otherwise: an
/// office of a hundred devices that all come back after a restart, several times over.
pub const ADDRESS_CONNECTIONS: usize = 512;
/// Connections of one device at once; its next one takes the place of its oldest. Some stay behind, unnoticed, when it moves
/// from network to network.
pub const DEVICE_CONNECTIONS: usize = 8;
/// Logins, follows and fetches of one device at once: a script that begins, several times over.
pub const DEVICE_ASKS: u64 = 120;
/// Logins, follows and fetches of it in a minute from then on: ten a second.
pub const DEVICE_ASKS_PER_MINUTE: u64 = 600;
/// Statements that one device appends at once: what it brings back to a relay that lost a year of a busy practice.
pub const DEVICE_STATEMENTS: u64 = 1 << 20;
/// Statements that it appends in a minute from then on: 2,000 a second, more than one core checks for sixteen writers.
pub const DEVICE_STATEMENTS_PER_MINUTE: u64 = 120_000;
/// Bytes of statements and payloads that one device appends at once: 1 GiB.
pub const DEVICE_BYTES: u64 = 1 << 30;
/// Bytes that it appends in a minute from then on: 256 MiB.
pub const DEVICE_BYTES_PER_MINUTE: u64 = 256 << 20;
/// Connections of one practice at once: a quarter of what a relay takes in all.
pub const PRACTICE_CONNECTIONS: usize = 4_096;
/// Bytes of statements and payloads that all devices of one practice append at once: 8 GiB.
pub const PRACTICE_BYTES: u64 = 8 << 30;
/// Bytes that they append in a minute from then on: 4 GiB.
pub const PRACTICE_BYTES_PER_MINUTE: u64 = 4 << 30;
/// Connections of a relay at once. The two thousand and first device of a large relay still gets in; a flood does not.
pub const CONNECTIONS: usize = 16_384;
/// Of these, as many that have not logged in: each costs a socket and, with TLS, some 40 KiB.
pub const GUESTS: usize = 1024;
/// Addresses whose connections are counted at once: some 8 MiB.
pub const ADDRESSES: usize = 65_536;
/// Fetches of one connection that are carried out at once; whoever wants more waits for one to end.
pub const FETCHES: usize = 4;
/// Mailboxes held at once: at 64 KiB each, at most 64 MiB.
pub const MAILBOXES: usize = 1024;
/// Of these, as many as one connection may have opened: linking takes one.
pub const MAILBOXES_OPENED: usize = 4;
/// Connections and slots waited for in one mailbox: two ends at four slots each.
pub const MAILBOX_WAITING: usize = 8;
/// Least time between two drafts of one intake link, in milliseconds.
pub const DRAFT_PAUSE_MS: u64 = 500;
/// Bytes that wait for all sockets, of messages that have not come to their end, and that readings keep, above which nothing
/// more is read for anybody who catches up, and whoever stands still is cut off. A frame that goes to many is counted for each
/// of them.
pub const HELD_BYTES: usize = 128 << 20;
/// How long a connection may stand still while too much is held, in milliseconds.
pub const STILL_MS: u64 = 3_000;
/// Whoever sends a statement that does not hold is heard again after so many times the time that finding it out took:
/// false signatures buy a hundredth of a core. No honest device sends one.
pub const FAULT_COSTS: u32 = 100;
/// The longest such pause, in milliseconds.
pub const FAULT_MS: u64 = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// As people write it: 65,536.
    fn grouped(number: u64) -> String {
        match (number / 1000, number % 1000) {
            (0, rest) => rest.to_string(),
            (above, rest) => format!("{},{rest:03}", grouped(above)),
        }
    }

    /// What `docs/protocol.md` says of each limit is what it is.
    #[test]
    fn the_page_names_the_limits_that_the_code_has() {
        let page = include_str!("../../docs/protocol.md");
        let row = |first: &str| {
            let row = page
                .lines()
                .find(|line| line.starts_with(&format!("| {first} |")));
            row.unwrap_or_else(|| panic!("no row {first:?}"))
        };
        let minutes = |ms: u64| ms / 60_000;
        let hours = |ms: u64| minutes(ms) / 60;
        let mib = |bytes: u64| bytes >> 20;
        let gib = |bytes: u64| bytes >> 30;
        let rows: &[(&str, &[u64])] = &[
            ("statement", &[STATEMENT as u64]),
            ("evidence file", &[EVIDENCE as u64]),
            ("payload", &[PAYLOAD as u64]),
            ("frame", &[FRAME as u64]),
            ("items in one frame", &[ITEMS_FRAME as u64]),
            ("statements in one append", &[APPEND_STATEMENTS as u64]),
            ("documents in one fetch", &[FETCH_DOCUMENTS as u64]),
            ("fetches of one connection at once", &[FETCHES as u64]),
            ("actions in one statement", &[ACTIONS as u64]),
            ("sealings in one statement", &[SEALINGS as u64]),
            ("readers of a document", &[READERS as u64]),
            ("origin", &[ORIGIN as u64]),
            ("witnesses in a policy", &[WITNESSES as u64, WITNESS_KEY as u64]),
            ("members of a practice, past and present", &[MEMBERS as u64]),
            ("active devices of a member", &[MEMBER_DEVICES as u64]),
            ("open invitations", &[INVITES as u64]),
            ("intake links of a document", &[LINKS as u64]),
            (
                "through an intake link",
                &[LINK_SUBMISSIONS as u64, SUBMISSION as u64, LINK_FORM as u64],
            ),
            ("PIN of an intake link", &[DRAFT as u64]),
            ("open recoveries", &[RECOVERIES as u64]),
            (
                "wait before one admin recovers somebody alone",
                &[hours(RECOVERY_WAIT_MS)],
            ),
            (
                "roster statements a day of one who is no admin",
                &[OWN_STATEMENTS_PER_DAY as u64],
            ),
            ("authors covered by a snapshot", &[COVERS as u64]),
            (
                "frame of a connection that has not logged in",
                &[GUEST_FRAME as u64],
            ),
            ("mailbox", &[MAILBOX_SLOTS as u64, MAILBOX_VALUE as u64]),
            ("login written into the ledger", &[hours(SESSION_LOGGED_MS)]),
            ("time between beats", &[BEAT_MS / 1000]),
            ("Q1", &[GUEST_FRAME as u64]),
            ("Q2", &[GUESTS as u64]),
            ("Q3", &[ADDRESS_CONNECTIONS as u64]),
            ("Q4", &[DEVICE_CONNECTIONS as u64]),
            ("Q5", &[DEVICE_ASKS, DEVICE_ASKS_PER_MINUTE]),
            (
                "Q6",
                &[
                    DEVICE_STATEMENTS,
                    gib(DEVICE_BYTES),
                    DEVICE_STATEMENTS_PER_MINUTE,
                    mib(DEVICE_BYTES_PER_MINUTE),
                ],
            ),
            (
                "Q7",
                &[
                    PRACTICE_CONNECTIONS as u64,
                    gib(PRACTICE_BYTES),
                    gib(PRACTICE_BYTES_PER_MINUTE),
                ],
            ),
            ("Q8", &[mib(HELD_BYTES as u64), STILL_MS / 1000]),
            ("Q9", &[FAULT_MS / 1000]),
            ("Q10", &[MAILBOXES as u64]),
            ("Q11", &[CONNECTIONS as u64]),
        ];
        for (first, numbers) in rows {
            let row = row(first);
            let words: Vec<&str> = row
                .split(|c: char| !c.is_alphanumeric() && c != ',')
                .map(|word| word.trim_matches(','))
                .collect();
            for number in *numbers {
                assert!(words.contains(&grouped(*number).as_str()), "{number} in {row}");
            }
        }
        let in_words = [
            (PIN_TRIES as u64, 10, "| PIN of an intake link | ten tries"),
            (DRAFT_MS / 86_400_000, 30, "61,440 bytes, for thirty days |"),
            (LINK_MS / 86_400_000, 365, "each for at most a year |"),
            (SNAPSHOT_GRACE_MS / 86_400_000, 7, "stands | seven days;"),
            (SNAPSHOT_SKEW_MS / 86_400_000, 1, "a clock a day behind |"),
            (minutes(MAILBOX_MS), 10, "| mailbox | ten minutes;"),
            (FAULT_COSTS as u64, 100, "after a hundred times the time"),
            (
                MAILBOXES_OPENED as u64,
                4,
                "One connection holds four mailboxes that it opened",
            ),
            (MAILBOX_WAITING as u64, 8, "Eight wait at one mailbox at a time"),
            (1000 / DRAFT_PAUSE_MS, 2, "at most two in a second"),
        ];
        for (is, said, words) in in_words {
            assert_eq!(is, said, "{words}");
            assert!(page.contains(words), "{words}");
        }
    }
}
