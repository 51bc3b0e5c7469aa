//! The relay that lets go: at once or after a crash, once, and with the space given back.

use crate::scene::Scene;

#[test]
fn a_relay_that_is_killed_before_it_lets_go_does_so_when_it_is_back() {
    let mut s = Scene::new(11);
    let (counselor, joint) = (s.counselor, s.joint);
    s.write_many(counselor, joint, 30);
    let net = &mut s.net;
    let device = &mut net.seats[counselor].device;
    device.snapshot(net.now, &mut net.rng, joint).expect("a record");
    // No tick of the relay's yet: attested, and nothing dropped.
    s.net.settle();
    let kept = s.kept(joint);
    assert_eq!((kept.attested, kept.edits_gone), (1, 0));
    s.net.restart_relay();
    s.settle();
    assert_eq!(s.kept(joint).edits_gone, s.kept(joint).edits);
    let after = s.kept(joint);
    s.net.restart_relay();
    s.settle();
    assert_eq!(s.kept(joint), after, "nothing is left to do");
    s.all_is_well();
}

#[test]
fn the_space_is_given_back_even_by_a_relay_that_was_killed_in_between() {
    let mut s = Scene::new(12);
    let (counselor, joint) = (s.counselor, s.joint);
    for n in 0..100 {
        // What does not compress, so that there is something to give back.
        let mut noise = vec![0; 2000];
        rand::Rng::fill_bytes(&mut s.net.rng, &mut noise[..]);
        let noise: String = noise.iter().map(|b| format!("{b:02x}")).collect();
        s.write(counselor, joint, &format!("{n} {noise}"));
    }
    let net = &mut s.net;
    let device = &mut net.seats[counselor].device;
    device.snapshot(net.now, &mut net.rng, joint).expect("a record");
    s.net.settle();
    let before = s.net.store.disk_bytes().expect("readable");
    s.net.pass(2_000);
    assert_eq!(s.kept(joint).edits_gone, s.kept(joint).edits);
    let after = s.net.store.disk_bytes().expect("readable");
    assert!(after + 150_000 < before, "{before} before, {after} after");
    let practice = s.practice();
    // Another relay process drops by hand what may go, and is killed before it gives the space back.
    let state = s.net.state().expect("a practice");
    let standing = state.documents[&joint].snapshots().last().expect("one").position;
    let dropped = s
        .net
        .store
        .entries_at(&practice, &[standing], 1)
        .expect("readable");
    let length = dropped[0].payload.as_ref().expect("there").len() as u64;
    s.drop_payloads(vec![standing]);
    s.net.restart_relay();
    s.net.pass(2_000);
    let reclaimed = s.net.store.disk_bytes().expect("readable");
    assert!(
        reclaimed + length / 2 < after,
        "{after} before, {reclaimed} after"
    );
}
