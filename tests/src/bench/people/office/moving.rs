//! How frames move between the relay and the desks.

use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use troth_client_core::device::{Effect, Event};
use troth_protocol::wire::{Goodbye, RelayMessage, frame};
use troth_server::core::{self, ConnectionId};
use troth_server::reading::Reader;
use troth_server::verify::{Checked, Fault, check};

use super::Office;

impl Office {
    /// Moves everything until nothing moves.
    pub fn run(&mut self) -> Result<()> {
        while self.step()? {}
        Ok(())
    }

    /// Moves everything until something is so.
    pub fn run_until(&mut self, done: impl Fn(&Self) -> bool) -> Result<()> {
        while !done(self) {
            ensure!(self.step()?, "nothing moves, and it is not done");
        }
        Ok(())
    }

    /// One round of the relay and one frame for each device; whether anything moved.
    pub fn step(&mut self) -> Result<bool> {
        let events = std::mem::take(&mut self.events);
        let mut moved = !events.is_empty();
        let begin = Instant::now();
        let mut effects = self.core.handle(self.now, &mut self.rng, events);
        effects.extend(self.core.settle());
        self.relay += begin.elapsed();
        for effect in effects {
            moved = true;
            self.relay_effect(effect)?;
        }
        for seat in 0..self.desks.len() {
            if let Some(frame) = self.desks[seat].inbox.pop_front() {
                moved = true;
                self.tell(seat, Event::Frame(&frame))?;
            }
        }
        Ok(moved)
    }

    fn relay_effect(&mut self, effect: core::Effect) -> Result<()> {
        match effect {
            core::Effect::Send(id, frame) => self.deliver(id, frame.to_vec()),
            core::Effect::Close(id, rule) => {
                let goodbye = RelayMessage::Goodbye(Goodbye { rule: rule.number() });
                self.deliver(id, frame(&goodbye));
            }
            core::Effect::Reclaim => self.store.reclaim()?,
            core::Effect::Publish(ledger) => self.directory.publish(ledger),
            core::Effect::Read(id, plan) => {
                let (to, purpose) = (plan.to, plan.purpose);
                let mut reader = Reader::new(*plan, self.store.clone())?;
                loop {
                    let begin = Instant::now();
                    let frame = reader.next_frame()?;
                    self.relay += begin.elapsed();
                    let Some(frame) = frame else { break };
                    self.deliver(id, frame);
                }
                self.events.push(core::Event::Delivered(id, purpose, to));
            }
        }
        Ok(())
    }

    fn deliver(&mut self, id: ConnectionId, frame: Vec<u8>) {
        if let Some(desk) = self.desks.iter_mut().find(|desk| desk.connection == Some(id)) {
            desk.received += frame.len();
            desk.inbox.push_back(frame);
        }
    }

    pub(super) fn tell(&mut self, seat: usize, event: Event<'_>) -> Result<()> {
        let effects = self.act(seat, |device, now, rng| device.handle(now, rng, event))?;
        self.perform(seat, effects)
    }

    /// Carries out what a device wants.
    pub fn perform(&mut self, seat: usize, effects: Vec<Effect>) -> Result<()> {
        for effect in effects {
            match effect {
                Effect::Connect => {
                    self.next += 1;
                    let desk = &mut self.desks[seat];
                    (desk.connection, desk.said) = (Some(self.next), None);
                    self.tell(seat, Event::Opened)?;
                }
                Effect::Send(frame) => self.send(seat, &frame)?,
                Effect::Close => self.disconnect(seat)?,
                Effect::WakeAt(_) => {}
                Effect::Report(report) => self.desks[seat].reports.push(report),
            }
        }
        Ok(())
    }

    fn send(&mut self, seat: usize, frame: &[u8]) -> Result<()> {
        let desk = &mut self.desks[seat];
        let Some(id) = desk.connection else { return Ok(()) };
        let begin = Instant::now();
        let checked = check(frame, desk.said.as_ref(), &self.directory);
        self.relay += begin.elapsed();
        let message = checked.map_err(|fault| match fault {
            Fault::Statement(_, _, rule) | Fault::Connection(rule) => anyhow!("the relay refuses: {rule}"),
        })?;
        if let Checked::Hello(hello) = &message {
            desk.said = Some(hello.practice);
        }
        self.events.push(core::Event::Message(id, message));
        Ok(())
    }
}
