//! A progress bar, where somebody watches and the work is long.

use std::cell::OnceCell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::messages::ledger as say;
use crate::session::Session;

/// A bar that appears once there is something to show, and leaves nothing behind.
pub struct Bar {
    what: Option<String>,
    bar: OnceCell<ProgressBar>,
}

impl Bar {
    /// A bar for catching up; never shown where nobody watches.
    pub fn new(session: &Session) -> Self {
        Self::named(session, say::progress(session.language))
    }

    /// A bar with words of its own.
    pub fn named(session: &Session, what: String) -> Self {
        Self {
            what: (session.out.watched() && !session.out.json).then_some(what),
            bar: OnceCell::new(),
        }
    }

    /// So far.
    pub fn at(&self, done: u64, total: u64) {
        let Some(what) = &self.what else { return };
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_message(what.clone());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
    }

    /// Takes the bar off the screen.
    pub fn clear(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
