//! A queue whose files are cut, flipped or foreign: it starts, says what it lost, and loses no more.

use std::fs;
use std::path::Path;

use crate::place::Place;
use crate::queue::{ROOM, Receiver, drain, fill, open};

/// A small queue whose log alone is there: the length after each of its rows.
fn small(place: &Place) -> Vec<usize> {
    let mut queue = open(place, ROOM);
    (0..12)
        .map(|row| {
            fill(&mut queue, row..row + 1, 4);
            fs::read(log(place.path())).expect("it is there").len()
        })
        .collect()
}

fn log(path: &Path) -> std::path::PathBuf {
    path.join("0000000001.log")
}

#[test]
fn a_log_that_ends_anywhere_keeps_all_rows_before_and_goes_on() {
    let place = Place::new("queue-torn");
    let lengths = small(&place);
    let whole = fs::read(log(place.path())).expect("it is there");
    for length in 0..whole.len() {
        fs::remove_dir_all(place.path()).expect("it goes");
        fs::create_dir(place.path()).expect("it is made");
        fs::write(log(place.path()), &whole[..length]).expect("it is written");
        let rows = lengths.iter().filter(|end| **end <= length).count();
        let mut queue = open(&place, ROOM);
        assert!(queue.damage().len() <= 1);
        fill(&mut queue, 100..101, 4);
        drop(queue);
        let mut queue = open(&place, ROOM);
        let mut receiver = Receiver::default();
        receiver.empty(&mut queue, 10);
        assert_eq!(receiver.count(), (rows + 1) * 4, "cut to {length} bytes");
    }
}

#[test]
fn rows_that_were_sent_and_then_lost_take_no_new_ones_along() {
    let place = Place::new("queue-reused");
    let lengths = small(&place);
    let mut queue = open(&place, ROOM);
    Receiver::default().empty(&mut queue, 10);
    drop(queue);
    // The note that all was sent outlasted the power cut, the rows did not.
    let whole = fs::read(log(place.path())).expect("it is there");
    fs::write(log(place.path()), &whole[..lengths[4]]).expect("it is written");
    let mut queue = open(&place, ROOM);
    fill(&mut queue, 100..103, 4);
    let mut receiver = Receiver::default();
    receiver.empty(&mut queue, 100);
    assert_eq!(receiver.count(), 12);
}

#[test]
fn a_flipped_bit_takes_a_chapter_of_a_log_and_says_so() {
    let place = Place::new("queue-flipped");
    let mut queue = open(&place, ROOM);
    let expected = fill(&mut queue, 0..1500, 100);
    drop(queue);
    let name = place.files("0").pop().expect("a log");
    let whole = fs::read(&name).expect("it is there");
    assert!(whole.len() > 600_000, "several chapters: {}", whole.len());
    for (turn, at) in (0..whole.len()).step_by(whole.len() / 8).enumerate() {
        let mut bad = whole.clone();
        bad[at] ^= 0x40;
        let _ = fs::remove_dir_all(place.path());
        fs::create_dir(place.path()).expect("it is made");
        fs::write(&name, &bad).expect("it is written");
        let mut queue = open(&place, ROOM);
        assert_eq!(queue.damage().len(), 1, "byte {at}");
        fill(&mut queue, 2000..2001, 100);
        let mut receiver = Receiver::default();
        let count = if turn == 4 {
            receiver.empty(&mut queue, 20_000);
            receiver.count()
        } else {
            drain(&mut queue)
        };
        let lost = 150_100 - count;
        // Bytes that say what the file is are there for all of it.
        assert!(at < 8 || lost < 70_000, "byte {at}: {lost} samples");
        for (name, samples) in &receiver.got {
            let old = samples.iter().filter(|sample| expected.got[name].contains(sample)).count();
            assert_eq!(old + 1, samples.len(), "nothing is made up");
        }
    }
}

#[test]
fn a_flipped_bit_takes_one_series_of_columns_and_says_so() {
    let place = Place::new("queue-columns-flipped");
    let mut queue = open(&place, 1 << 18);
    fill(&mut queue, 0..400, 50);
    drop(queue);
    let name = place.files("0").remove(0);
    assert!(name.to_string_lossy().ends_with(".columns"), "{name:?}");
    let whole = fs::read(&name).expect("it is there");
    let samples = |place: &Place| {
        let mut queue = open(place, ROOM);
        (drain(&mut queue), queue.damage())
    };
    let prepare = |bytes: &[u8]| {
        fs::remove_dir_all(place.path()).expect("it goes");
        fs::create_dir(place.path()).expect("it is made");
        fs::write(&name, bytes).expect("it is written");
    };
    prepare(&whole);
    let (all, none) = samples(&place);
    assert!(none.is_empty() && all > 5000, "{all} {none:?}");
    for at in (8..whole.len()).step_by(whole.len() / 60) {
        let mut bad = whole.clone();
        bad[at] ^= 0x04;
        prepare(&bad);
        let (count, damage) = samples(&place);
        assert_eq!(damage.len(), 1, "byte {at}");
        assert!(count >= all - all / 50 - 1, "byte {at}: {count} of {all}");
    }
}

#[test]
fn what_is_no_part_of_a_queue_is_told_and_the_rest_arrives() {
    let place = Place::new("queue-wrong");
    let mut queue = open(&place, ROOM);
    fill(&mut queue, 0..20, 4);
    drop(queue);
    fs::write(place.path().join("cursor"), "rubbish").expect("it is written");
    fs::write(place.path().join("0000000003_12.columns"), "rubbish").expect("it is written");
    fs::write(place.path().join("0000000004.log"), "rubbish").expect("it is written");
    fs::create_dir(place.path().join("0000000005.log")).expect("it is made");
    fs::write(place.path().join("notes.txt"), "mine").expect("it is written");
    let mut queue = open(&place, ROOM);
    fill(&mut queue, 20..21, 4);
    let mut receiver = Receiver::default();
    receiver.empty(&mut queue, 10);
    assert_eq!(receiver.count(), 84);
    let damage = queue.damage();
    for word in ["cursor", "0000000003_12.columns", "0000000004.log", "0000000005.log"] {
        assert!(damage.iter().any(|line| line.contains(word)), "{word}: {damage:?}");
    }
    assert!(place.path().join("notes.txt").exists());
}
