//! Asks a relay something without a login, as whoever holds an intake link does: one question, one answer.

use std::time::Duration;

use troth_protocol::wire::{self, ClientMessage, RelayMessage};

use super::{Line, Relay};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(15);
/// Times that a question is asked before it is given up.
const TRIES: u32 = 3;
/// Pause before asking again, growing with each time.
const PAUSE: Duration = Duration::from_millis(500);

/// Asks, and asks again where the connection fails: whatever is asked, the same again is the same question.
///
/// # Errors
/// Why there is no answer, in the words of the system.
pub async fn ask(relay: &Relay, question: &ClientMessage) -> Result<RelayMessage, String> {
    let frame = wire::frame(question);
    let mut tried = 1;
    loop {
        match once(relay, frame.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(why) if tried == TRIES => return Err(why),
            Err(_) => tokio::time::sleep(PAUSE * tried).await,
        }
        tried += 1;
    }
}

async fn once(relay: &Relay, frame: Vec<u8>) -> Result<RelayMessage, String> {
    let line = relay.dial().await?;
    line.send(frame);
    let mut line = Some(line);
    let answer = tokio::time::timeout(ANSWER, Line::next(&mut line)).await;
    if let Some(line) = line {
        line.close().await;
    }
    let frame = answer.map_err(|_| format!("no answer within {} s", ANSWER.as_secs()))?;
    let frame = frame.ok_or("the connection ended")?;
    wire::message(&frame).map_err(|rule| rule.to_string())
}
