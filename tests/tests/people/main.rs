//! Several people in one practice: each reads what their role and their cases allow, by the keys that they hold and by the
//! relay's rules alike.

#![expect(clippy::expect_used, reason = "a story that cannot go on says where")]

mod concurrent;
mod costs;
mod ending;
mod from_now;
mod intake;
mod joining;
mod last_opener;
mod matrix;
mod meanwhile;
mod names;
mod partners;
mod policy;
mod races;
mod recovery;
mod resuming;
mod review;
mod scene;
mod signed;
mod turning;
