//! What is put into a queue comes out of it: once, in order, whatever happened in between.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use metrics::Labels;
use metrics::queue::{Parcel, Queue};
use metrics::wire::remote_write;
use proptest::prelude::*;

use crate::place::{Place, T0, series};

/// More than any test puts in.
pub(crate) const ROOM: u64 = 1 << 30;

pub(crate) fn open(place: &Place, most: u64) -> Queue {
    Queue::open(place.path(), most).expect("it opens")
}

fn target(name: &str) -> Labels {
    Labels::new([("job", "node"), ("instance", name)])
}

/// What a receiver got, by series, in the order in which it came first. What comes again is known.
#[derive(Default)]
pub(crate) struct Receiver {
    pub(crate) got: BTreeMap<String, Vec<(i64, u64)>>,
    known: BTreeSet<(String, i64, u64)>,
}

impl Receiver {
    pub(crate) fn take(&mut self, parcel: &Parcel) {
        let all = remote_write::read(&parcel.body).expect("it is a request");
        let count: usize = all.iter().map(|(_, samples)| samples.len()).sum();
        assert_eq!(count as u64, parcel.samples);
        for (labels, samples) in all {
            for (time, value) in samples {
                let (name, bits) = (labels.to_string(), value.to_bits());
                if self.known.insert((name.clone(), time, bits)) {
                    self.got.entry(name).or_default().push((time, bits));
                }
            }
        }
    }

    /// Takes all that is there, in parcels of so many samples; how many parcels it were.
    pub(crate) fn empty(&mut self, queue: &mut Queue, most: u64) -> usize {
        let mut parcels = 0;
        while let Some(parcel) = queue.next(most) {
            self.take(&parcel);
            queue.taken(&parcel);
            parcels += 1;
        }
        assert!(queue.is_empty());
        assert_eq!(queue.waiting().samples, 0);
        parcels
    }

    pub(crate) fn is(&self, expected: &Self) {
        let names = |receiver: &Self| receiver.got.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(self), names(expected));
        for (name, samples) in &expected.got {
            let got = &self.got[name];
            let differs = samples.iter().zip(got).position(|(sample, other)| sample != other);
            assert_eq!((got.len(), differs), (samples.len(), None), "{name}");
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }
}

/// Takes all without a look at it; how many samples it was.
pub(crate) fn drain(queue: &mut Queue) -> usize {
    let mut count = 0;
    while let Some(parcel) = queue.next(20_000) {
        queue.taken(&parcel);
        count += parcel.samples as usize;
    }
    count
}

/// Rows of some series, each value another, at times that jump back and forth.
pub(crate) fn fill(queue: &mut Queue, rows: std::ops::Range<usize>, width: usize) -> Receiver {
    let mut expected = Receiver::default();
    for row in rows {
        let time = T0 + (row as i64) * 15_000 - if row % 7 == 3 { 3_600_001 } else { 0 };
        let samples: Vec<(Labels, f64)> = (0..width)
            .map(|n| (series("m", n), if n % 3 == 0 { 5.0 } else { (row * n) as f64 / 7.0 }))
            .collect();
        for (labels, value) in &samples {
            let of = expected.got.entry(labels.to_string()).or_default();
            of.push((time, value.to_bits()));
        }
        queue.append(&target("one"), time, &samples).expect("the disk takes it");
    }
    expected
}

#[test]
fn a_long_outage_arrives_in_order_and_in_few_bytes() {
    let place = Place::new("queue-long");
    let mut queue = open(&place, 1 << 18);
    let expected = fill(&mut queue, 0..1000, 60);
    assert_eq!(queue.waiting().samples, 60_000);
    assert!(place.files("0").len() > 2, "{:?}", place.files("0"));
    drop(queue);
    let mut queue = open(&place, 1 << 18);
    assert_eq!(queue.waiting().samples, 60_000);
    let mut receiver = Receiver::default();
    let parcels = receiver.empty(&mut queue, 5000);
    assert!(parcels < 20, "{parcels} requests");
    receiver.is(&expected);
    assert!(queue.damage().is_empty());
    // All is gone but for the log that goes on.
    assert!(place.files("0").len() <= 1, "{:?}", place.files("0"));
    drop(queue);
    assert!(open(&place, ROOM).next(1).is_none(), "nothing comes twice");
}

#[test]
fn the_same_is_sent_until_it_is_taken_byte_for_byte() {
    let place = Place::new("queue-again");
    let mut queue = open(&place, ROOM);
    fill(&mut queue, 0..50, 10);
    let first = queue.next(100).expect("something waits");
    assert_eq!(first.samples, 100);
    assert_eq!(queue.next(100).expect("it waits still").body, first.body);
    fill(&mut queue, 50..60, 10);
    drop(queue);
    let mut queue = open(&place, ROOM);
    assert_eq!(queue.next(100).expect("it waits still").body, first.body);
    let less = queue.next(30).expect("it waits still");
    assert_eq!(less.samples, 30);
    queue.taken(&first);
    // An answer that comes late says nothing new.
    queue.taken(&less);
    assert_ne!(queue.next(100).expect("more waits").body, first.body);
    assert_eq!(queue.waiting().samples, 500);
}

#[test]
fn where_there_is_no_room_the_oldest_goes_and_is_counted() {
    let place = Place::new("queue-full");
    let mut queue = open(&place, 80_000);
    let mut receiver = Receiver::default();
    let expected = fill(&mut queue, 0..50, 100);
    let taken = queue.next(1000).expect("something waits");
    receiver.take(&taken);
    queue.taken(&taken);
    let newest = fill(&mut queue, 50..1500, 100);
    let lost = queue.waiting().lost;
    assert!(lost > 50_000 && queue.waiting().bytes <= 80_000, "{:?}", queue.waiting());
    receiver.empty(&mut queue, 20_000);
    assert_eq!(receiver.count() as u64 + lost, 150_000, "each is sent or counted");
    let last = |receiver: &Receiver| {
        let of = receiver.got.values();
        of.map(|samples| samples.last().copied().expect("some")).collect::<Vec<_>>()
    };
    assert_eq!(last(&receiver), last(&newest));
    assert_eq!(expected.got.len(), receiver.got.len());
}

#[test]
fn a_disk_that_takes_nothing_loses_nothing_while_the_process_lives() {
    let place = Place::new("queue-disk");
    let mut queue = open(&place, ROOM);
    // No file can be made where a directory has its name.
    let stone = place.path().join("0000000001.log.new");
    fs::create_dir(&stone).expect("it is made");
    let samples = [(series("m", 0), 1.0)];
    queue.append(&target("one"), T0, &samples).expect_err("the disk does not take it");
    let sent = queue.next(10).expect("it waits in memory");
    assert_eq!(sent.samples, 1);
    queue.taken(&sent);
    queue.append(&target("one"), T0 + 1, &samples).expect_err("the disk does not take it");
    fs::remove_dir(&stone).expect("it is removed");
    queue.append(&target("one"), T0 + 2, &samples).expect("it takes all of it");
    queue.sync().expect("it does");
    drop(queue);
    let mut queue = open(&place, ROOM);
    assert_eq!(queue.next(10).expect("two wait").samples, 2);
    assert!(queue.damage().is_empty());
}

#[test]
fn columns_that_cannot_be_written_stay_a_log() {
    let place = Place::new("queue-columns");
    let mut queue = open(&place, 1 << 17);
    let mut expected = fill(&mut queue, 0..10, 50);
    let stones = 100..600;
    for rows in stones.clone() {
        let name = format!("0000000001_{}.columns.new", rows * 50);
        fs::create_dir(place.path().join(name)).expect("it is made");
    }
    let more = fill(&mut queue, 10..600, 50);
    for rows in stones {
        let name = format!("0000000001_{}.columns.new", rows * 50);
        fs::remove_dir(place.path().join(name)).expect("it is removed");
    }
    for (name, samples) in more.got {
        expected.got.entry(name).or_default().extend(samples);
    }
    drop(queue);
    let mut receiver = Receiver::default();
    receiver.empty(&mut open(&place, ROOM), 1000);
    receiver.is(&expected);
}

/// What may happen to a queue.
#[derive(Clone, Debug)]
enum Step {
    /// A target tells some series.
    Append { target: usize, first: usize, count: usize, time: i64 },
    /// Something is sent, and the answer comes.
    Send(u64),
    /// Something is sent, and the receiver has it, but the answer is lost.
    Lost(u64),
    /// The process is killed.
    Kill,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let append = (0_usize..3, 0_usize..30, 1_usize..30, -1_000_000_i64..1_000_000).prop_map(
        |(target, first, count, time)| Step::Append { target, first, count, time: T0 + time },
    );
    let step = prop_oneof![
        6 => append,
        2 => (1_u64..200).prop_map(Step::Send),
        1 => (1_u64..200).prop_map(Step::Lost),
        1 => Just(Step::Kill),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_all_arrives_in_order(steps in steps(), most in 1_u64..40) {
        let place = Place::new("queue-any");
        // Small enough that logs become columns often, and never so small that something goes.
        let (mut queue, mut clock) = (open(&place, 40_000 * most), 0.0);
        let (mut expected, mut receiver) = (Receiver::default(), Receiver::default());
        for step in steps {
            match step {
                Step::Append { target: number, first, count, time } => {
                    clock += 1.0;
                    let name = format!("t{number}");
                    let samples: Vec<(Labels, f64)> = (first..first + count)
                        .map(|n| (series(&name, n), if n % 2 == 0 { 1.0 + time as f64 } else { clock }))
                        .collect();
                    for (labels, value) in &samples {
                        let sample = (labels.to_string(), time, value.to_bits());
                        if expected.known.insert(sample.clone()) {
                            expected.got.entry(sample.0).or_default().push((time, sample.2));
                        }
                    }
                    queue.append(&target(&name), time, &samples).expect("the disk takes it");
                }
                Step::Send(most) => {
                    if let Some(parcel) = queue.next(most) {
                        receiver.take(&parcel);
                        queue.taken(&parcel);
                    }
                }
                Step::Lost(most) => {
                    if let Some(parcel) = queue.next(most) {
                        receiver.take(&parcel);
                    }
                }
                Step::Kill => {
                    drop(queue);
                    queue = open(&place, 40_000 * most);
                    prop_assert!(queue.damage().is_empty());
                }
            }
        }
        receiver.empty(&mut queue, 100);
        prop_assert_eq!(queue.waiting().lost, 0);
        prop_assert_eq!(&receiver.got, &expected.got);
    }

    #[test]
    fn rubbish_of_any_kind_is_opened(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        magic in prop_oneof![Just(&b"ketupaql"[..]), Just(&b"ketupaqs"[..]), Just(&b""[..])],
    ) {
        let place = Place::new("queue-rubbish");
        let bytes = [magic, &bytes].concat();
        for name in ["cursor", "0000000001.log", "0000000002_7.columns", "0000000003.log"] {
            fs::write(place.path().join(name), &bytes).expect("it is written");
        }
        let mut queue = open(&place, ROOM);
        fill(&mut queue, 0..3, 2);
        let mut receiver = Receiver::default();
        receiver.empty(&mut queue, 10);
        prop_assert_eq!(receiver.count(), 6);
    }
}
