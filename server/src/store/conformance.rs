//! The stories that every engine must be able to tell. An engine that keeps the contract of [`super::Store`]
//! passes all of them; one that says in its caveat that it does not give back what was erased is spared that
//! story alone.

use std::path::Path;

use super::{Store, StoreError};

mod damage;
mod erasing;
mod ledger;
mod links;
mod opening;
mod reading;
mod scene;

use scene::Scene;
pub use scene::{next, practice};

/// Opens a directory with an engine, and makes it first where there is none.
pub type Open<'a> = &'a dyn Fn(&Path) -> Result<Box<dyn Store>, StoreError>;

/// An engine under test.
pub struct Subject<'a> {
    /// How it is opened.
    pub open: Open<'a>,
    /// Whether no byte of an erased payload is left in the files after reclaiming, and their space is given
    /// back.
    pub forgets: bool,
}

/// Runs every story, each in a directory of its own.
pub fn suite(subject: &Subject<'_>) {
    type Story = fn(&mut Scene<'_>);
    let stories: &[(&str, Story)] = &[
        ("a batch is there as a whole", ledger::a_batch_is_there_as_a_whole),
        (
            "a refused batch leaves nothing",
            ledger::a_refused_batch_leaves_nothing,
        ),
        (
            "a batch that contradicts itself is refused",
            ledger::a_batch_that_contradicts_itself_is_refused,
        ),
        (
            "a practice may be continued within a batch",
            ledger::a_practice_may_be_continued_within_a_batch,
        ),
        ("of two rivals one wins", ledger::of_two_rivals_one_wins),
        ("reopening keeps everything", opening::reopening_keeps_everything),
        ("a second opener is refused", opening::a_second_opener_is_refused),
        (
            "what a kill during creation left opens",
            opening::what_a_kill_during_creation_left_opens,
        ),
        (
            "a directory of another format is refused",
            opening::a_directory_of_another_format_is_refused,
        ),
        (
            "nobody else may read the files",
            opening::nobody_else_may_read_the_files,
        ),
        ("practices share nothing", reading::practices_share_nothing),
        (
            "entries come in order and within bounds",
            reading::entries_come_in_order_and_within_bounds,
        ),
        (
            "a stream is read page by page",
            reading::a_stream_is_read_page_by_page,
        ),
        (
            "a statement is found among look-alikes",
            reading::a_statement_is_found_among_look_alikes,
        ),
        (
            "large values come back whole",
            reading::large_values_come_back_whole,
        ),
        ("the newest snapshot counts", reading::the_newest_snapshot_counts),
        ("readers see whole commits", reading::readers_see_whole_commits),
        (
            "what is kept for a link is kept and taken away",
            links::what_is_kept_for_a_link_is_kept_and_taken_away,
        ),
        (
            "erasing drops the payload and keeps the leaf",
            erasing::erasing_drops_the_payload_and_keeps_the_leaf,
        ),
        (
            "what was erased is gone from the files",
            erasing::what_was_erased_is_gone_from_the_files,
        ),
        (
            "a damaged file is an error, not a panic",
            damage::a_damaged_file_is_an_error_not_a_panic,
        ),
    ];
    for (name, story) in stories {
        println!("story: {name}");
        story(&mut Scene::new(subject));
    }
}
