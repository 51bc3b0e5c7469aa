//! A flood is felt, and no more: honest devices stay within five times of their latency, and the relay's memory is bounded.
//! `cargo xtask bench --only storm` is the same, harder.

use troth_tests::bench::storm::{Attack, Load, MEMORY, SLOWER, run};

/// How long an honest device may take to log in, in milliseconds: half of what a socket that says nothing is let go of after.
const LOGIN_MS: f64 = 5_000.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_storm_keeps_honest_devices_from_their_work() {
    let (outcomes, most) = run(&Load::SMALL).await.unwrap();
    assert_eq!(outcomes.len(), Attack::ALL.len());
    for outcome in &outcomes {
        let (attack, slower) = (outcome.attack.name(), outcome.slower());
        println!(
            "{attack}: {} done, {slower:.1} times slower at try {}, {} MiB",
            outcome.blows,
            outcome.tries,
            outcome.memory >> 20
        );
    }
    for outcome in &outcomes {
        let slower = outcome.slower();
        assert!(slower <= SLOWER, "{slower:.1} times slower: {outcome:?}");
        assert!(
            outcome.during.login < LOGIN_MS,
            "a device was kept out: {outcome:?}"
        );
    }
    assert!(most <= MEMORY, "{} MiB", most >> 20);
}
