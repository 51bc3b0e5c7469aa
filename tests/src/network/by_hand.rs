//! Devices whose keys the test holds, and which say what the test wants.

use troth_protocol::ids::Nonce;
use troth_protocol::statement::{Body, Seen, Session, Statement};
use troth_protocol::wire::{ClientMessage, Hello, RelayMessage, Transcript};
use troth_server::core::ConnectionId;

use super::Network;
use crate::wire_client::Device;

impl Network {
    /// A further device of the member at a seat, in the roster.
    pub fn own_device(&mut self, seat: usize) -> Device {
        let keys = Device::generate(&mut self.rng);
        let practice = *self.state().expect("a practice").practice();
        let device = &mut self.seats[seat].device;
        let member = device.member().expect("a member");
        let proof = keys.proof(&practice, &member);
        device
            .add_own_device(&mut self.rng, keys.keys(), proof)
            .expect("an own device");
        self.settle();
        let devices = self.state().expect("a practice").roster.devices();
        assert!(devices.contains_key(&keys.id()), "{:?}", self.seats[seat].reports);
        keys
    }

    /// Logs a device in by hand.
    pub fn log_in(&mut self, keys: &Device) -> ConnectionId {
        let state = self.state().expect("a practice");
        let (practice, roster) = (*state.practice(), state.roster.head());
        let ledger_key = state.roster.ledger_key();
        let connection = self.stranger();
        let hello = Hello {
            practice,
            device: keys.id(),
            nonce: Nonce([1; 32]),
            size: 0,
        };
        let answers = self.exchange(connection, &ClientMessage::Hello(hello));
        let challenge = answers.iter().find_map(|message| match message {
            RelayMessage::Challenge(challenge) => Some(challenge),
            _ => None,
        });
        let challenge = challenge.expect("a hello is challenged");
        let transcript = Transcript::verify(hello, challenge, &ledger_key).expect("the relay's");
        let session = Statement {
            signer: keys.id(),
            seen: Some(Seen {
                roster,
                control: None,
            }),
            payload: None,
            body: Body::Session(Session {
                transcript: transcript.hash(),
            }),
        };
        let (signed, _) = keys.sign(&practice, &session);
        let answers = self.exchange(connection, &ClientMessage::Session(signed));
        assert!(matches!(answers[..], [RelayMessage::Welcome(_)]), "{answers:?}");
        connection
    }
}
