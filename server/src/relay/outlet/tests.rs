//! What waits is bounded, counted and given back.

use super::*;

fn frame(length: usize) -> Bytes {
    Bytes::from(vec![0; length])
}

#[tokio::test]
async fn r65_what_waits_for_a_slow_reader_is_bounded() {
    let (outlet, outbox) = channel(&Held::default());
    let mut taken = 0;
    while outlet.send(frame(limits::ITEMS_FRAME)) == Sent::Queued {
        taken += limits::ITEMS_FRAME;
        assert!(taken <= QUEUED_BYTES);
    }
    assert!(taken > QUEUED_BYTES - limits::ITEMS_FRAME);
    assert_eq!(outbox.cut_off().await, Rule::SlowReader);
}

#[tokio::test]
async fn a_reader_that_keeps_up_is_never_cut_off() {
    let (outlet, mut outbox) = channel(&Held::default());
    for _ in 0..100 {
        assert_eq!(outlet.send(frame(limits::FRAME)), Sent::Queued);
        let Some(Out::Frame(frame)) = outbox.next().await else {
            panic!("nothing came")
        };
        outbox.written(frame.len());
    }
}

#[tokio::test]
async fn several_readings_go_on_when_little_waits() {
    let (outlet, outbox) = channel(&Held::default());
    assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let outlet = outlet.clone();
            tokio::spawn(async move { outlet.ready(|| {}).await.is_some() })
        })
        .collect();
    tokio::task::yield_now().await;
    outbox.written(READY_BYTES);
    for reading in waiting {
        let done = tokio::time::timeout(std::time::Duration::from_secs(5), reading).await;
        assert!(done.expect("each of them goes on").unwrap());
    }
}

#[tokio::test]
async fn whoever_stands_still_is_told_apart_while_too_much_is_held_and_all_is_given_back() {
    let held = Held::default();
    let connections: Vec<_> = (0..=HELD_BYTES / READY_BYTES).map(|_| channel(&held)).collect();
    for (outlet, _) in &connections {
        assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
    }
    assert!(held.is_too_much());
    let (other, outbox) = channel(&held);
    let reading = tokio::spawn(async move { other.ready(|| {}).await.is_some() });
    tokio::time::sleep(Duration::from_millis(STILL_MS / 2)).await;
    assert!(!reading.is_finished(), "nobody is read for");
    let (first, _) = &connections[0];
    assert_eq!(first.stands_still(), None);
    connections[1].1.written(READY_BYTES / 2);
    outbox.meter().came(10);
    tokio::time::sleep(Duration::from_millis(STILL_MS / 2 + 100)).await;
    assert!(matches!(first.stands_still(), Some((_, READY_BYTES))));
    assert_eq!(connections[1].0.stands_still(), None, "it moved");
    drop(connections);
    assert!(reading.await.unwrap());
    assert_eq!(held.bytes(), 10);
    outbox.meter().dealt_with();
    assert_eq!(held.bytes(), 0);
}

#[tokio::test]
async fn what_readings_keep_is_counted_and_let_go_of_while_too_much_is_held() {
    let held = Held::default();
    let (outlet, _outbox) = channel(&held);
    let mut mine = outlet.keeps();
    mine.set(10);
    mine.set(7);
    assert_eq!(held.bytes(), 7);
    let (other, _still) = channel(&held);
    let mut theirs = other.keeps();
    theirs.set(HELD_BYTES + 1);
    let waiting = tokio::time::timeout(Duration::from_millis(3 * 50), outlet.ready(|| mine.set(0)));
    assert!(waiting.await.is_err(), "nobody is read for");
    assert_eq!(held.bytes(), HELD_BYTES + 1, "what this one kept is given back");
    assert_eq!(other.stands_still(), None, "nothing is on its way there");
    drop(theirs);
    assert_eq!(held.bytes(), 0);
}

#[tokio::test]
async fn one_reading_at_a_time_fills_the_room_there_is() {
    let (outlet, _outbox) = channel(&Held::default());
    let room = outlet.ready(|| {}).await;
    assert!(room.is_some());
    let second = tokio::time::timeout(Duration::from_millis(20), outlet.ready(|| {}));
    assert!(second.await.is_err(), "it waits until the first has filled it");
    drop(room);
    assert!(outlet.ready(|| {}).await.is_some());
}

#[tokio::test]
async fn a_reading_ends_with_its_connection() {
    let (outlet, outbox) = channel(&Held::default());
    assert_eq!(outlet.send(frame(READY_BYTES)), Sent::Queued);
    let reading = tokio::spawn(async move { outlet.ready(|| {}).await.is_some() });
    drop(outbox);
    assert!(!reading.await.unwrap());
}
