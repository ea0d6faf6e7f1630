//! What of a request is refused: a receiver refuses all of it for one of its samples, so it is sent in halves,
//! in order, until what is refused stands alone.

use agent::post::Went;
use metrics::BySeries;

/// Requests that may be spent on telling the series of one portion apart: 100 wrong ones among thousands.
const SERIES: usize = 2_000;
/// Requests that may be spent on telling the samples of one series apart.
const SAMPLES: usize = 200;

/// Samples that were refused, and why the first of them was.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) samples: usize,
    pub(super) why: Option<String>,
}

impl Refused {
    fn add(&mut self, samples: usize, why: String) {
        self.samples += samples;
        self.why.get_or_insert(why);
    }
}

/// Sends what was refused as a whole, part by part. What is refused stands alone in the end, or is what a
/// series with very many of them, or a portion of nothing else, has around it. The outcome is the last
/// answer that keeps the rest from being sent, if one does.
pub(super) fn send(
    series: BySeries,
    send: &mut impl FnMut(&BySeries) -> Went,
) -> Result<Refused, Went> {
    let mut refused = Refused::default();
    in_halves(vec![series], (SERIES, by_series), send, &mut |mut part, why, send| {
        let Some(rest) = (part.len() == 1).then(|| by_samples(&mut part)).flatten() else {
            refused.add(count(&part), why);
            return Ok(());
        };
        in_halves(vec![rest, part], (SAMPLES, by_samples), send, &mut |part, why, _| {
            refused.add(count(&part), why);
            Ok(())
        })
    })?;
    Ok(refused)
}

/// Takes the second half of a part away, unless it is one thing.
type Halve = fn(&mut BySeries) -> Option<BySeries>;
/// What becomes of a part that is refused and not halved any more.
type Left<'a, S> = &'a mut dyn FnMut(BySeries, String, &mut S) -> Result<(), Went>;

/// Sends parts, the last one first, and the halves of what is refused, while there are tries.
fn in_halves<S: FnMut(&BySeries) -> Went>(
    mut waiting: Vec<BySeries>,
    (mut tries, halve): (usize, Halve),
    send: &mut S,
    left: Left<'_, S>,
) -> Result<(), Went> {
    while let Some(mut part) = waiting.pop() {
        let why = match send(&part) {
            Went::Taken => continue,
            Went::Never(why) | Went::Smaller(why) | Went::Disputed(why) => why,
            went @ (Went::Later(..) | Went::Broken(_)) => return Err(went),
        };
        match (tries > 0).then(|| halve(&mut part)).flatten() {
            Some(rest) => {
                tries -= 1;
                waiting.extend([rest, part]);
            }
            None => left(part, why, send)?,
        }
    }
    Ok(())
}

fn by_series(part: &mut BySeries) -> Option<BySeries> {
    (part.len() > 1).then(|| part.split_off(part.len() / 2))
}

/// The samples of one series.
fn by_samples(part: &mut BySeries) -> Option<BySeries> {
    let halve = |part: &mut BySeries| {
        let rest = part.iter_mut().map(|(labels, values)| {
            let rest = values.split_off(values.len() / 2);
            (labels.clone(), rest)
        });
        rest.collect()
    };
    (count(part) > 1).then(|| halve(part))
}

fn count(part: &BySeries) -> usize {
    part.iter().map(|(_, values)| values.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::Labels;
    use std::collections::BTreeSet;

    /// Series of so many samples each.
    fn portion(series: usize, samples: i64) -> BySeries {
        let labels = |n: usize| Labels::new([("n", format!("{n:05}"))]);
        let values = || (0..samples).map(|time| (time, 1.0)).collect();
        (0..series).map(|n| (labels(n), values())).collect()
    }

    /// A receiver that refuses what has one of the wrong samples in it; what it took, and its requests.
    #[derive(Default)]
    struct Receiver {
        taken: Vec<(usize, i64)>,
        requests: usize,
    }

    impl Receiver {
        fn answer(&mut self, part: &BySeries, wrong: &dyn Fn(usize, i64) -> bool) -> Went {
            self.requests += 1;
            let samples = part.iter().flat_map(|(labels, values)| {
                let n: usize = labels.get("n").parse().expect("a number");
                values.iter().map(move |(time, _)| (n, *time))
            });
            let samples: Vec<(usize, i64)> = samples.collect();
            assert!(!samples.is_empty(), "nothing is no request");
            if samples.iter().any(|(n, time)| wrong(*n, *time)) {
                return Went::Never("no".into());
            }
            self.taken.extend(samples);
            Went::Taken
        }
    }

    /// What a receiver has in the end, and what was left out.
    fn sent(series: usize, samples: i64, wrong: &dyn Fn(usize, i64) -> bool) -> (Receiver, usize) {
        let mut receiver = Receiver::default();
        let parts = portion(series, samples);
        let refused = send(parts, &mut |part: &BySeries| receiver.answer(part, wrong));
        (receiver, refused.expect("it answers").samples)
    }

    #[test]
    fn only_what_is_refused_is_left_out_in_order() {
        type Wrong<'a> = &'a dyn Fn(usize, i64) -> bool;
        let cases: [(&str, Wrong<'_>, usize); 5] = [
            ("one sample", &|n, time| (n, time) == (77, 5), 1),
            ("the last", &|n, time| (n, time) == (999, 9), 1),
            ("a series", &|n, _| n == 500, 10),
            ("the past of all", &|_, time| time < 1, 1000),
            ("a hundred series, scattered", &|n, _| n % 10 == 3, 1000),
        ];
        for (name, wrong, expected) in cases {
            let (receiver, refused) = sent(1000, 10, wrong);
            assert_eq!(refused, expected, "{name}");
            let once: BTreeSet<_> = receiver.taken.iter().collect();
            assert_eq!((receiver.taken.len(), once.len()), (10_000 - expected, 10_000 - expected));
            assert!(receiver.taken.is_sorted(), "{name}: in the order in which they came");
        }
        // More wrong samples in one series than anybody would look for: the others lose none.
        let (receiver, refused) = sent(20, 500, &|n, time| n == 7 && time % 2 == 0);
        assert!((250..500).contains(&refused), "{refused}");
        let others = receiver.taken.iter().filter(|(n, _)| *n != 7).count();
        assert_eq!(others, 19 * 500);
    }

    #[test]
    fn a_receiver_that_takes_nothing_is_not_asked_for_ever() {
        let (receiver, refused) = sent(10_000, 1, &|_, _| true);
        assert_eq!((refused, receiver.taken.len()), (10_000, 0));
        assert!(receiver.requests < 5_000, "{}", receiver.requests);
        let (receiver, refused) = sent(1, 10_000, &|_, _| true);
        assert_eq!(refused, 10_000);
        assert!(receiver.requests < 500, "{}", receiver.requests);
    }

    #[test]
    fn one_that_is_away_in_between_ends_it() {
        let mut requests = 0;
        let went = send(portion(4, 1), &mut |_: &BySeries| {
            requests += 1;
            if requests < 3 { Went::Never("no".into()) } else { Went::Broken("away".into()) }
        });
        assert_eq!((went, requests), (Err(Went::Broken("away".into())), 3));
    }
}
