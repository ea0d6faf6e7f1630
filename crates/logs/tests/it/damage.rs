//! Cut and flipped bytes: the store opens, says what it lost, and loses no more.

use std::fs;

use logs::{Labels, Settings, Store, Sync};

use crate::place::{Place, T0, all, append, stream};

const SECOND: i64 = 1_000_000_000;

/// Twenty pushes of two lines to two streams each; how long the log was after each.
fn small(place: &Place) -> Vec<usize> {
    let mut store = place.open();
    let mut lengths = Vec::new();
    for n in 0..20 {
        let time = T0 + n * SECOND;
        let lines = [(time, "one line of it"), (time + 1, "another \u{e9} line")];
        append(&mut store, &stream(usize::from(n % 2 == 1)), &lines, time);
        let log = place.files("log")[0].clone();
        lengths
            .push(usize::try_from(fs::metadata(log).expect("it is there").len()).expect("small"));
    }
    lengths
}

#[test]
fn a_log_that_ends_anywhere_has_all_whole_pushes() {
    let place = Place::new("torn-log");
    let lengths = small(&place);
    let log = place.files("log")[0].clone();
    let whole = fs::read(&log).expect("it is there");
    for length in 0..=whole.len() {
        fs::write(&log, &whole[..length]).expect("it is written");
        let mut store = place.open();
        let pushes = lengths.iter().filter(|end| **end <= length).count();
        assert_eq!(all(&store).len(), pushes * 2, "cut to {length} bytes");
        assert!(fs::metadata(&log).expect("it is there").len() <= length as u64);
        if length % 37 == 0 {
            append(&mut store, &stream(0), &[(T0 + 99 * SECOND, "after it")], T0 + 99 * SECOND);
            drop(store);
            assert_eq!(all(&place.open()).len(), pushes * 2 + 1, "it goes on after {length}");
        }
    }
}

#[test]
fn a_flipped_bit_in_the_log_loses_what_follows_and_says_so() {
    let place = Place::new("flipped-log");
    let lengths = small(&place);
    let log = place.files("log")[0].clone();
    let whole = fs::read(&log).expect("it is there");
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&log, &bad).expect("it is written");
        let store = place.open();
        let pushes = lengths.iter().filter(|end| **end <= at).count();
        assert_eq!(all(&store).len(), pushes * 2, "byte {at}");
        assert_eq!(store.damage().len(), 1, "byte {at}");
    }
}

#[test]
fn a_flipped_bit_in_a_file_loses_no_more_than_its_chunk() {
    let place = Place::new("flipped");
    small(&place);
    let mut store = place.open();
    store.seal().expect("it is written");
    let before = all(&store);
    drop(store);
    let file = place.files("day")[0].clone();
    let whole = fs::read(&file).expect("it is there");
    let (mut silent, mut chunks) = (0, 0);
    for at in 0..whole.len() {
        let mut bad = whole.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&file, &bad).expect("it is written");
        let store = place.open();
        let after = all(&store);
        assert!(after.iter().all(|line| before.contains(line)), "byte {at}: what is read is right");
        match after.len() {
            40 => silent += usize::from(store.damage().is_empty()),
            20 => chunks += 1,
            other => panic!("byte {at}: {other} lines are left"),
        }
        assert!(after.len() == 40 || !store.damage().is_empty(), "byte {at}: nothing is said");
    }
    // What the directory says once more, and which words there are, is not needed for this.
    assert!(silent < whole.len() / 2 && chunks > 100, "{silent} {chunks} of {}", whole.len());
}

#[test]
fn a_file_that_ends_anywhere_is_used_as_far_as_it_goes() {
    let place = Place::new("torn-file");
    small(&place);
    let mut store = place.open();
    store.seal().expect("it is written");
    let before = all(&store);
    drop(store);
    let file = place.files("day")[0].clone();
    let whole = fs::read(&file).expect("it is there");
    let mut last = 0;
    for length in 0..whole.len() {
        fs::write(&file, &whole[..length]).expect("it is written");
        let store = place.open();
        let after = all(&store);
        assert!(after.iter().all(|line| before.contains(line)), "cut to {length} bytes");
        assert!(after.len() >= last, "a longer rest has more");
        assert!(!store.damage().is_empty(), "cut to {length} bytes: nothing is said");
        last = after.len();
    }
    assert_eq!(last, 40);
}

#[test]
fn a_seal_that_was_cut_short_doubles_nothing() {
    let place = Place::new("cut-seal");
    small(&place);
    let log = place.files("log")[0].clone();
    let bytes = fs::read(&log).expect("it is there");
    let mut store = place.open();
    store.seal().expect("it is written");
    drop(store);
    // The end came before the log was removed.
    fs::write(&log, bytes).expect("it is written");
    for _ in 0..2 {
        let store = place.open();
        assert_eq!(all(&store).len(), 40);
        assert_eq!(place.files("log").len(), 1, "one log is left");
    }
}

/// Needs root for a file system of its own.
#[test]
fn real_full_disk_refuses_and_breaks_nothing() {
    let place = Place::new("full");
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "logs-full"])
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
    let mut store = Store::open(place.path(), settings.clone()).expect("it opens");
    let (mut kept, mut refused, mut why) = (0, 0, String::new());
    for n in 0..2000 {
        let time = T0 + n * SECOND;
        let line = logs::Line {
            time,
            line: format!("line {n} of many that fill the disk").into(),
            metadata: Labels::default(),
        };
        match store.append(&[logs::Stream { labels: stream(0), lines: vec![line] }], time) {
            Ok(_) => kept += 1,
            Err(error) => {
                refused += 1;
                why = error.to_string();
            }
        }
    }
    assert!(refused > 100 && kept > 100, "{refused} refused");
    assert!(why.contains("No space left"), "{why}");
    assert!(store.seal().is_err(), "there is no room for a file either");
    assert_eq!(all(&store).len(), kept, "what was kept is there, what was not is not");
    drop(store);
    let mut store = Store::open(place.path(), settings).expect("it opens");
    assert_eq!(all(&store).len(), kept, "after opening anew too");
    assert!(store.damage().is_empty(), "{:?}", store.damage());
    let larger = std::process::Command::new("mount")
        .args(["-o", "remount,size=4m"])
        .arg(place.path())
        .status();
    assert!(larger.is_ok_and(|status| status.success()));
    append(&mut store, &stream(0), &[(T0 + 9000 * SECOND, "there is room")], T0 + 9000 * SECOND);
    store.seal().expect("there is room");
    assert_eq!(all(&store).len(), kept + 1);
}
