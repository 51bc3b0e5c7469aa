//! What of the intake page is Rust: every key and cipher, the form's rules, and the messages to the relay. The page itself draws
//! what comes from here and sends what it is given; it neither reads a message nor holds a key.
//!
//! One [`Session`] is one link, one [`ReceiptCheck`] one receipt. Bytes go to the relay and come from it; everything else is JSON for the page. An error is a word
//! that the page has a sentence for, in each language.

mod check;
mod page;
mod words;

use check::Check;
use page::Page;
use wasm_bindgen::prelude::*;

/// A link that is being visited.
#[wasm_bindgen]
pub struct Session(Page);

type Thrown<T> = Result<T, JsValue>;

fn thrown<T>(result: Result<T, String>) -> Thrown<T> {
    result.map_err(|word| JsValue::from_str(&word))
}

#[wasm_bindgen]
impl Session {
    /// Reads what stands behind `#`.
    ///
    /// # Errors
    /// `not-a-link`, `truncated`, `version`.
    #[wasm_bindgen(constructor)]
    pub fn new(relay: &str, fragment: &str) -> Thrown<Session> {
        thrown(Page::new(relay, fragment)).map(Self)
    }

    /// Asks what is behind the link.
    pub fn question(&self) -> Vec<u8> {
        self.0.question()
    }

    /// Takes the relay's answer, checked against the link: what to show.
    ///
    /// # Errors
    /// `not-behind-it`, `form`, `refused:RULE`, `strange`.
    pub fn linked(&mut self, frame: &[u8]) -> Thrown<String> {
        thrown(self.0.linked(frame))
    }

    /// Works keys out of a PIN; takes a second or two. Asks the relay for what it keeps behind it.
    ///
    /// # Errors
    /// `pin-short`, `pin-long`, `pin-predictable`, `memory`.
    pub fn pin(&mut self, pin: &str) -> Thrown<Vec<u8>> {
        thrown(self.0.pin(pin))
    }

    /// Takes the relay's answer: whether there is a draft, or what was sent.
    ///
    /// # Errors
    /// `wrong-pin:LEFT`, `refused:RULE`, `strange`.
    pub fn unlocked(&mut self, frame: &[u8]) -> Thrown<String> {
        thrown(self.0.unlocked(frame))
    }

    /// Begins to answer, unless a draft is there already.
    ///
    /// # Errors
    /// `erased`.
    pub fn start(&mut self, language: &str) -> Thrown<()> {
        thrown(self.0.start(language))
    }

    /// The form with the answers so far.
    ///
    /// # Errors
    /// `erased`.
    pub fn view(&self, language: &str) -> Thrown<String> {
        thrown(self.0.view(language))
    }

    /// Gives a question these answers, a JSON array as FHIR writes them.
    ///
    /// # Errors
    /// `erased`, `strange`.
    pub fn set(&mut self, path: &str, values: &str) -> Thrown<bool> {
        thrown(self.0.set(path, values))
    }

    /// Adds one more of a group.
    ///
    /// # Errors
    /// `erased`.
    pub fn add(&mut self, path: &str) -> Thrown<bool> {
        thrown(self.0.add(path))
    }

    /// Takes one of a group away.
    ///
    /// # Errors
    /// `erased`.
    pub fn remove(&mut self, path: &str) -> Thrown<bool> {
        thrown(self.0.remove(path))
    }

    /// The draft, for the relay to keep.
    ///
    /// # Errors
    /// `locked`, `too-long:BYTES`.
    pub fn draft(&self) -> Thrown<Vec<u8>> {
        thrown(self.0.draft())
    }

    /// What is wrong with the answers as they are: empty when they can be sent.
    ///
    /// # Errors
    /// `erased`.
    pub fn faults(&self, language: &str) -> Thrown<String> {
        thrown(self.0.faults(language))
    }

    /// The answers, signed and sealed. The same again is the same bytes.
    ///
    /// # Errors
    /// `locked`, `faults`, `refused:RULE`, `too-long:BYTES`.
    pub fn submit(&mut self, now_ms: f64, authored: String) -> Thrown<Vec<u8>> {
        thrown(self.0.submit(milliseconds(now_ms), authored))
    }

    /// Says something about what was sent: `withdraw`, `copy` or `erase`. `consents` names those that are withdrawn.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn ask(&mut self, now_ms: f64, what: &str, consents: Vec<String>) -> Thrown<Vec<u8>> {
        thrown(self.0.ask(milliseconds(now_ms), what, consents))
    }

    /// Takes the relay's answer to what was sent.
    ///
    /// # Errors
    /// `refused:RULE`, `busy`, `strange`.
    pub fn sent(&mut self, frame: &[u8]) -> Thrown<()> {
        thrown(self.0.sent(frame))
    }

    /// The receipt of what was sent last, once [`Self::linked`] has shown a signed ledger that holds it. `page` is the address
    /// that checks receipts.
    ///
    /// # Errors
    /// `altered`.
    pub fn receipt(&mut self, page: &str) -> Thrown<String> {
        thrown(self.0.receipt(page))
    }

    /// What the practice answered.
    ///
    /// # Errors
    /// `locked`.
    pub fn replies(&self, language: &str) -> Thrown<String> {
        thrown(self.0.replies(language))
    }
}

/// A receipt that is being checked.
#[wasm_bindgen]
pub struct ReceiptCheck(Check);

#[wasm_bindgen]
impl ReceiptCheck {
    /// Reads what stands behind `#`.
    ///
    /// # Errors
    /// `receipt-none`, `receipt-truncated`, `version`, `receipt-altered`.
    #[wasm_bindgen(constructor)]
    pub fn new(fragment: &str) -> Thrown<ReceiptCheck> {
        thrown(Check::new(fragment)).map(Self)
    }

    /// What it says.
    pub fn shown(&self) -> String {
        self.0.shown()
    }

    /// Path below which the relay serves this ledger.
    pub fn path(&self) -> String {
        self.0.path()
    }

    /// Takes the ledger as the relay signs it now: paths of the tiles that are needed, below [`Self::path`].
    ///
    /// # Errors
    /// `receipt-other-ledger`, `receipt-shorter`.
    pub fn current(&mut self, note: &[u8]) -> Thrown<Vec<String>> {
        thrown(self.0.current(note))
    }

    /// Takes a tile.
    ///
    /// # Errors
    /// `receipt-not-in-it`.
    pub fn tile(&mut self, path: &str, bytes: &[u8]) -> Thrown<()> {
        thrown(self.0.tile(path, bytes))
    }

    /// Whether they prove it: the size of the ledger that the entry is in now.
    ///
    /// # Errors
    /// `receipt-not-in-it`.
    pub fn prove(&self) -> Thrown<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a ledger of 2^53 entries will not be")]
        thrown(self.0.prove()).map(|size| size as f64)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a browser's clock is a whole number below 2^53"
)]
fn milliseconds(now: f64) -> u64 {
    now.max(0.0) as u64
}
