use super::*;
use crate::server::chance::Chance;

/// The same, as simply as it can be said: a list that is looked through.
#[derive(Default)]
struct Simple(Vec<(Origin, u64, u64)>);

impl Simple {
    fn held_by(&self, origin: Origin) -> u64 {
        let theirs = self.0.iter().filter(|(holder, ..)| *holder == origin);
        theirs.map(|(_, _, weight)| weight).sum()
    }

    fn oldest_of(&self, origin: Origin) -> Option<(u64, u64)> {
        let theirs = self.0.iter().filter(|(holder, ..)| *holder == origin);
        theirs.map(|(_, age, weight)| (*age, *weight)).min()
    }

    fn first_to_go(&self) -> Option<(Origin, u64)> {
        let most = self.0.iter().map(|thing| self.held_by(thing.0)).max()?;
        let heaviest = self.0.iter().filter(|thing| self.held_by(thing.0) == most);
        heaviest
            .min_by_key(|thing| thing.1)
            .map(|thing| (thing.0, thing.1))
    }
}

#[test]
fn it_is_as_a_list_that_is_looked_through() {
    for seed in 0..20 {
        let mut chance = Chance::new(seed);
        let (mut shares, mut simple) = (Shares::default(), Simple::default());
        for number in 0..400 {
            let origin = match chance.below(6) {
                0 => Origin::Earlier,
                number => Origin::Address(number),
            };
            if chance.below(3) > 0 {
                // Not always in the order of age.
                let age = (number ^ chance.below(8)) << 10 | number;
                let weight = 1 + chance.below(100);
                shares.add(origin, age, weight);
                simple.0.push((origin, age, weight));
            } else if !simple.0.is_empty() {
                let some = chance.below(simple.0.len() as u64) as usize;
                let (origin, age, weight) = match chance.below(2) {
                    0 => simple.0.swap_remove(some),
                    _ => {
                        let first = simple.first_to_go().unwrap();
                        let at = simple
                            .0
                            .iter()
                            .position(|thing| (thing.0, thing.1) == first);
                        simple.0.swap_remove(at.unwrap())
                    }
                };
                assert_eq!(shares.remove(origin, age), Some(weight));
                assert_eq!(shares.remove(origin, age), None);
            }
            assert_eq!(
                shares.total(),
                simple.0.iter().map(|thing| thing.2).sum::<u64>()
            );
            assert_eq!(shares.held_by(origin), simple.held_by(origin));
            assert_eq!(shares.oldest_of(origin), simple.oldest_of(origin));
            assert_eq!(shares.first_to_go(), simple.first_to_go());
        }
        for (origin, age, _) in simple.0 {
            shares.remove(origin, age);
        }
        assert!(shares.holders.is_empty() && shares.ranking.is_empty());
    }
}
