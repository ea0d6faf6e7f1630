//! Whatever happens to the bytes on the disk: the store opens, and says what it lost.

use std::fs;

use metrics::{Point, Samples, Settings, Store, Sync};

use crate::place::{DAY, Place, T0, all, put, scrape, series};

/// Whether one is the other without some of the points.
fn part(less: &[(String, Vec<Point>)], more: &[(String, Vec<Point>)]) -> bool {
    less.iter().all(|(name, points)| {
        let whole = more.iter().find(|(other, _)| name == other);
        whole.is_some_and(|(_, whole)| points.iter().all(|point| whole.contains(point)))
    })
}

fn count(all: &[(String, Vec<Point>)]) -> usize {
    all.iter().map(|(_, points)| points.len()).sum()
}

/// Eight scrapes of four series; what the log's length was after each.
fn small(place: &Place, mut store: Store) -> Vec<usize> {
    (0..8)
        .map(|n| {
            let time = T0 + i64::from(n) * 15_000;
            let n = f64::from(n);
            scrape(&mut store, time, &[1.0, n, n.sin(), n / 100.0]);
            fs::read(&place.files("log")[0]).expect("it is there").len()
        })
        .collect()
}

#[test]
fn a_log_that_ends_anywhere_keeps_all_scrapes_before() {
    let place = Place::in_memory("torn");
    let lengths = small(&place, place.open());
    let log = place.files("log")[0].clone();
    let whole = fs::read(&log).expect("it is there");
    for length in 0..whole.len() {
        fs::write(&log, &whole[..length]).expect("it is written");
        let mut store = place.open();
        let scrapes = lengths.iter().filter(|end| **end <= length).count();
        assert_eq!(count(&all(&store)), scrapes * 4, "cut to {length} bytes");
        // A cut between two records is no damage that can be seen.
        assert!(store.damage().len() <= 1);
        put(&mut store, &series("m", 0), &[(T0 + 999_000, 5.0)]).expect("it goes on");
        drop(store);
        let store = place.open();
        assert_eq!(count(&all(&store)), scrapes * 4 + 1, "after the cut to {length} bytes");
        assert!(store.damage().is_empty(), "what was cut is cut");
        drop(store);
    }
}

#[test]
fn a_flipped_bit_in_the_log_loses_what_follows_and_says_so() {
    let place = Place::in_memory("flipped-log");
    let lengths = small(&place, place.open());
    let log = place.files("log")[0].clone();
    let whole = fs::read(&log).expect("it is there");
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&log, &bad).expect("it is written");
        let store = place.open();
        let scrapes = lengths.iter().filter(|end| **end <= at).count();
        assert_eq!(count(&all(&store)), scrapes * 4, "byte {at}");
        assert_eq!(store.damage().len(), 1, "byte {at}");
    }
}

#[test]
fn a_flipped_bit_in_a_file_loses_no_more_than_its_part() {
    let place = Place::in_memory("flipped");
    small(&place, place.open());
    let mut store = place.open();
    store.seal().expect("it is written");
    let before = all(&store);
    drop(store);
    let file = place.files("raw")[0].clone();
    let whole = fs::read(&file).expect("it is there");
    let (mut silent, mut columns, mut blocks) = (0, 0, 0);
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&file, &bad).expect("it is written");
        let store = place.open();
        let after = all(&store);
        assert!(part(&after, &before), "byte {at}: what is read is right");
        match count(&after) {
            32 => silent += usize::from(store.damage().is_empty()),
            24 => columns += 1,
            0 => blocks += 1,
            other => panic!("byte {at}: {other} points are left"),
        }
        assert!(count(&after) == 32 || !store.damage().is_empty(), "byte {at}: nothing is said");
    }
    assert!(silent <= 8, "only the word that begins a file is not looked at: {silent}");
    assert!(columns > blocks / 4, "{columns} {blocks}");
}

/// Samples, rollups of both lengths, what came late, a log, a feed and what waits for it: in each of
/// these files each byte is bad once, or the last one.
#[test]
fn whichever_byte_of_whichever_file_is_bad_the_rest_is_right_and_work_goes_on() {
    let place = Place::in_memory("every-file");
    let mut store = place.open();
    store.feed("away", None).expect("it begins");
    small(&place, store);
    let mut store = place.open();
    store.seal().expect("it is written");
    store.tick(T0 + 2 * DAY).expect("merged");
    put(&mut store, &series("m", 0), &[(T0 + DAY + 5, 1.0)]).expect("kept");
    put(&mut store, &series("m", 1), &[(T0 + 7, 2.0), (T0 + DAY + 1, 2.0)]).expect("kept");
    store.seal().expect("it is written");
    scrape(&mut store, T0 + DAY + 60_000, &[1.0, 2.0, 3.0]);
    let before = all(&store);
    drop(store);
    let files: Vec<(std::path::PathBuf, Vec<u8>)> = place
        .files("")
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).expect("it is there")))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    let kinds = ["raw", "5m", "1h", "log", "arrived", "feed"];
    assert!(kinds.iter().all(|kind| !place.files(kind).is_empty()), "{files:?}");
    for (number, (path, whole)) in files.iter().enumerate() {
        for at in 0..whole.len() {
            let mut bad = whole.clone();
            if at % 2 == 0 {
                bad[at] ^= 1 << (at / 2 % 8);
            } else {
                bad.truncate(at);
            }
            fs::write(path, &bad).expect("it is written");
            let mut store = place.open();
            let after = all(&store);
            assert!(part(&after, &before), "{} byte {at}: what is read is right", path.display());
            let lost = count(&before) - count(&after);
            // A cut between two records of the log cannot be seen.
            let unseen = at % 2 == 1 && path.to_string_lossy().contains("/log-");
            let told = unseen || !store.damage().is_empty();
            assert!(lost == 0 || told, "{} byte {at}", path.display());
            let _ = store.query_range("max_over_time(m[2h])", (T0, T0 + DAY), 21_600_000);
            if at % 16 == number {
                store.tick(T0 + 3 * DAY).expect("work goes on");
                put(&mut store, &series("m", 0), &[(T0 + 3 * DAY, 1.0)]).expect("kept");
            }
            drop(store);
            if at % 16 == number {
                place.files("").iter().for_each(|path| fs::remove_file(path).expect("removed"));
                for (path, bytes) in &files {
                    fs::write(path, bytes).expect("it is written");
                }
            }
            fs::write(path, whole).expect("it is written");
        }
    }
}

#[test]
fn a_file_that_ends_anywhere_is_used_as_far_as_it_goes() {
    let place = Place::in_memory("torn-file");
    small(&place, place.open());
    let mut store = place.open();
    store.seal().expect("it is written");
    let before = all(&store);
    drop(store);
    let file = place.files("raw")[0].clone();
    let whole = fs::read(&file).expect("it is there");
    let mut last = 0;
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).expect("it is written");
        let store = place.open();
        let after = all(&store);
        assert!(part(&after, &before), "cut to {length} bytes");
        assert!(count(&after) >= last, "a longer rest has more");
        assert!(!store.damage().is_empty(), "cut to {length} bytes: nothing is said");
        last = count(&after);
    }
    assert_eq!(last, 32);
}

/// Needs root for a file system of its own.
#[test]
fn real_full_disk_refuses_and_breaks_nothing() {
    let place = Place::new("full");
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "metrics-full"])
        .arg(place.path())
        .status();
    assert!(mount.is_ok_and(|status| status.success()), "mounting needs root");
    let outcome = std::panic::catch_unwind(|| fill(&place));
    let unmount = std::process::Command::new("umount").arg(place.path()).status();
    assert!(unmount.is_ok_and(|status| status.success()));
    outcome.expect("the test went well");
}

fn fill(place: &Place) {
    let settings = Settings { sync: Sync::Append, ..Settings::default() };
    let mut store = Store::open(place.path(), settings).expect("it opens");
    let (mut kept, mut refused, mut why) = (Vec::new(), 0, String::new());
    for n in 0..4000 {
        let labels = series("m", n % 50);
        let point = (T0 + n as i64 * 15_000, (n as f64).sin());
        let samples = Samples { labels: labels.bytes(), values: &[point] };
        match store.append(&[samples], point.0) {
            Ok(_) => kept.push(point),
            Err(error) => {
                refused += 1;
                why = error.to_string();
            }
        }
    }
    assert!(refused > 100 && !kept.is_empty(), "{refused} refused");
    assert!(why.contains("No space left"), "{why}");
    assert!(store.seal().is_err(), "there is no room for a file either");
    assert_eq!(count(&all(&store)), kept.len(), "what was kept is there, what was not is not");
    drop(store);
    let mut store = Store::open(place.path(), settings).expect("it opens");
    assert_eq!(count(&all(&store)), kept.len(), "after opening anew too");
    assert!(store.damage().is_empty(), "{:?}", store.damage());
    let full = std::process::Command::new("mount")
        .args(["-o", "remount,size=4m"])
        .arg(place.path())
        .status();
    assert!(full.is_ok_and(|status| status.success()));
    put(&mut store, &series("m", 0), &[(T0 + 9_000_000_000 / 100, 1.0)]).expect("there is room");
    store.seal().expect("there is room");
    assert_eq!(count(&all(&store)), kept.len() + 1);
}
