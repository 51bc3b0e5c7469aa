//! Several people in one practice: each reads what their role and their cases allow, by the keys that they hold and by the
//! relay's rules alike.

#![expect(clippy::expect_used, reason = "a story that cannot go on says where")]

mod concurrent;
mod costs;
mod joining;
mod matrix;
mod meanwhile;
mod names;
mod recovery;
mod scene;
