use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;

fn gate(connections: u32, connections_per_address: u32, now: Instant) -> Arc<Gate> {
    let limits = ServerLimits {
        connections,
        connections_per_address,
        sends_per_second_per_address: 1,
        send_burst_per_address: 2,
        ..ServerLimits::default()
    };
    Arc::new(Gate::new(&limits, now))
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn is_displaced(admission: &Admission) -> bool {
    admission.activity.displaced().now_or_never().is_some()
}

fn displaced(admissions: &[Admission]) -> Vec<bool> {
    admissions.iter().map(is_displaced).collect()
}

#[test]
fn one_address_cannot_fill_the_server() {
    let now = Instant::now();
    let gate = gate(3, 2, now);
    let (alice, bob) = (address("192.0.2.1"), address("192.0.2.2"));
    let first = gate.admit(alice, now).unwrap();
    let _second = gate.admit(alice, now).unwrap();
    assert_eq!(
        gate.admit(alice, now).unwrap_err(),
        Refusal::TooManyFromAddress
    );
    let _third = gate.admit(bob, now).unwrap();
    assert_eq!(gate.admit(bob, now).unwrap_err(), Refusal::Full);
    drop(first);
    gate.admit(alice, now).unwrap();
}

#[test]
fn who_fills_the_server_from_several_addresses_makes_room_for_others() {
    let now = Instant::now();
    let gate = gate(8, 4, now);
    let mallory = [address("192.0.2.66"), address("192.0.2.67")];
    let all: Vec<Admission> = mallory
        .iter()
        .cycle()
        .take(8)
        .map(|from| gate.admit(*from, now).unwrap())
        .collect();
    let alice = gate.admit(address("192.0.2.1"), now).unwrap();
    let bob = gate.admit(address("192.0.2.2"), now).unwrap();
    assert_eq!(displaced(&all).into_iter().filter(|gone| *gone).count(), 2);
    // Coming again takes nothing from those who have less.
    for from in mallory {
        assert_eq!(gate.admit(from, now).unwrap_err(), Refusal::Full);
    }
    // Everybody may have as much as the others, and no more.
    let alice_again = gate.admit(address("192.0.2.1"), now).unwrap();
    assert_eq!(
        gate.admit(address("192.0.2.1"), now).unwrap_err(),
        Refusal::Full
    );
    assert!(![&alice, &bob, &alice_again].into_iter().any(is_displaced));
    assert_eq!(gate.lock().placed, 8);
}

#[test]
fn two_never_drive_each_other_out_in_turn() {
    let now = Instant::now();
    let gate = gate(3, 3, now);
    let (alice, bob) = (address("192.0.2.1"), address("192.0.2.2"));
    let alices = [(); 2].map(|()| gate.admit(alice, now).unwrap());
    let bobs = gate.admit(bob, now).unwrap();
    // It would only be Alice then who has one less.
    assert_eq!(gate.admit(bob, now).unwrap_err(), Refusal::Full);
    assert!(!displaced(&alices).contains(&true) && !is_displaced(&bobs));
}

#[test]
fn of_an_address_those_go_first_who_are_not_registered_and_of_the_registered_the_latest() {
    let now = Instant::now();
    let after = |seconds| now + Duration::from_secs(seconds);
    let gate = gate(5, 5, now);
    let here = address("192.0.2.1");
    let all = [(); 5].map(|()| gate.admit(here, now).unwrap());
    all[0].activity.registers(after(1));
    all[1].activity.registers(after(2));
    all[2].activity.registers(after(3));
    all[3].activity.asks(after(5));
    all[4].activity.asks(after(4));
    let mut order = Vec::new();
    let mut others = Vec::new();
    for number in 2..=3 {
        let other = address(&format!("192.0.2.{number}"));
        others.push(gate.admit(other, after(9)).unwrap());
        order.extend(all.iter().position(is_displaced));
    }
    let other = address("192.0.2.4");
    others.push(gate.admit(other, after(9)).unwrap());
    order.extend(all.iter().position(is_displaced));
    assert_eq!(order, [4, 3, 2]);
}

#[test]
fn an_address_that_has_all_it_may_gives_up_what_is_idle_for_its_own() {
    let now = Instant::now();
    let gate = gate(9, 3, now);
    let office = address("192.0.2.1");
    let all = [(); 3].map(|()| gate.admit(office, now).unwrap());
    all[0].activity.registers(now);
    let later = now + IDLE_AFTER;
    all[1].activity.asks(later);
    let _alice = gate.admit(office, later).unwrap();
    assert_eq!(displaced(&all), [false, false, true]);
    assert_eq!(
        gate.admit(office, later).unwrap_err(),
        Refusal::TooManyFromAddress
    );
}

#[test]
fn no_more_are_let_in_than_the_displaced_let_go_of() {
    let now = Instant::now();
    let most = 3 * CLOSING;
    let gate = gate(most as u32, most as u32, now);
    let mallory = address("192.0.2.66");
    let mut all: Vec<Admission> = (0..most)
        .map(|_| gate.admit(mallory, now).unwrap())
        .collect();
    let others = |number| address(&format!("198.51.100.{number}"));
    let mut here: Vec<Admission> = (0..CLOSING)
        .map(|number| gate.admit(others(number), now).unwrap())
        .collect();
    assert_eq!(gate.admit(others(99), now).unwrap_err(), Refusal::Full);
    // Whoever has lost its place gives none up when it goes.
    all.retain(|one| !is_displaced(one));
    let counts = |open: &Open| (open.placed, open.closing);
    assert_eq!(counts(&gate.lock()), (most, 0));
    here.push(gate.admit(others(99), now).unwrap());
}

#[test]
fn one_address_sends_no_more_however_many_connections_it_makes() {
    let now = Instant::now();
    let gate = gate(3, 2, now);
    let mallory = address("2001:db8:1:2::1");
    let first = gate.admit(mallory, now).unwrap();
    let second = gate.admit(address("2001:db8:1:2:3::4"), now).unwrap();
    assert!(first.allowance().take(now) && second.allowance().take(now));
    assert!(!first.allowance().take(now) && !second.allowance().take(now));
    drop((first, second));
    // Nor does hanging up help.
    let again = gate.admit(mallory, now).unwrap();
    assert!(!again.allowance().take(now));
    // Another household is none the worse.
    let alice = gate.admit(address("2001:db8:1:3::1"), now).unwrap();
    assert!(alice.allowance().take(now));
    // And with time it may again.
    assert!(again.allowance().take(now + Duration::from_secs(1)));
}

#[test]
fn nothing_is_remembered_for_long_of_who_left() {
    let now = Instant::now();
    let gate = gate(3, 2, now);
    drop(gate.admit(address("192.0.2.1"), now).unwrap());
    assert!(gate.lock().households.is_empty());

    // Who has sent something is remembered until it may send as much as anyone, and then forgotten with the next who comes.
    for number in 1..=9 {
        let from = gate.admit(address(&format!("192.0.2.{number}")), now);
        let from = from.unwrap();
        from.allowance().take(now);
        drop(from);
    }
    assert_eq!(gate.lock().households.len(), 9);
    let later = now + Duration::from_secs(10);
    for left in [7, 5, 3, 1, 0] {
        gate.lock().forget(later);
        assert_eq!(gate.lock().households.len(), left);
    }
    let open = gate.lock();
    assert!(open.leaving.is_empty() && open.ranking.is_empty());
    assert_eq!(open.placed, 0);
}

#[test]
fn who_comes_again_is_not_forgotten_while_they_are_there() {
    let now = Instant::now();
    let gate = gate(3, 2, now);
    let alice = address("192.0.2.1");
    let first = gate.admit(alice, now).unwrap();
    first.allowance().take(now);
    drop(first);
    let later = now + Duration::from_secs(10);
    let _again = gate.admit(alice, now).unwrap();
    gate.lock().forget(later);
    assert_eq!(gate.lock().households.len(), 1);
}

#[test]
fn an_ipv6_household_counts_as_one() {
    let block = counted_as(address("2001:db8:1:2:3:4:5:6"));
    assert_eq!(block, counted_as(address("2001:db8:1:2::9")));
    assert_ne!(block, counted_as(address("2001:db8:1:3::9")));
    assert_eq!(
        counted_as(address("::ffff:192.0.2.1")),
        address("192.0.2.1")
    );
}
