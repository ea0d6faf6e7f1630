//! Steps that fail half-way: what is there stays there, what comes afterwards is kept as it came.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::place::{DAY, Place, T0, all, live, put, scrape, series};

#[test]
fn a_log_that_cannot_begin_keeps_the_old_one_and_its_head() {
    let place = Place::new("no-log");
    let mut store = place.open();
    scrape(&mut store, T0, &[1.0, 2.0, 3.0]);
    let stones: Vec<_> = (2..6).map(|n| place.path().join(format!("log-{n}"))).collect();
    for stone in &stones {
        fs::create_dir(stone).expect("it is made");
    }
    store.seal().expect_err("no log can begin");
    put(&mut store, &series("x", 0), &[(T0 + 15_000, 9.0)]).expect("kept");
    scrape(&mut store, T0 + 30_000, &[1.0, 4.0, 3.0]);
    let before = all(&store);
    for stone in &stones {
        fs::remove_dir(stone).expect("it is removed");
    }
    drop(store);
    let mut store = place.open();
    assert_eq!(all(&store), before, "what was acknowledged is there, by its own name");
    store.seal().expect("now it works");
    assert_eq!(all(&store), before);
    assert!(store.damage().is_empty(), "{:?}", store.damage());
}

#[test]
fn a_directory_that_cannot_be_read_again_keeps_what_is_in_memory() {
    let place = Place::new("no-load");
    let mut store = place.open();
    put(&mut store, &series("old", 0), &[(T0, 1.0)]).expect("kept");
    store.seal().expect("written");
    let now = T0 + 33 * DAY;
    for day in 1..=33 {
        put(&mut store, &series("new", 0), &[(T0 + day * DAY, 1.0)]).expect("kept");
    }
    store.seal().expect("written");
    scrape(&mut store, now, &[1.0, 2.0, 3.0]);
    let stone = place.path().join("raw_20040+1_0000000000.chunk");
    symlink("nothing", &stone).expect("it is made");
    store.tick(now).expect_err("a file is there and cannot be opened");
    put(&mut store, &series("x", 0), &[(now + 15_000, 9.0)]).expect("kept");
    scrape(&mut store, now + 30_000, &[1.0, 4.0, 3.0]);
    let before = all(&store);
    assert_eq!(before.iter().map(|(_, points)| points.len()).sum::<usize>(), 41, "{before:?}");
    fs::remove_file(&stone).expect("it is removed");
    drop(store);
    assert_eq!(all(&place.open()), before, "what was acknowledged is there, by its own name");
}

/// Flips a bit in the last part before the directory: a column.
fn break_last_column(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).expect("it is there");
    let directory = bytes.len() - 24;
    let at = u64::from_le_bytes(bytes[directory..directory + 8].try_into().expect("eight bytes"));
    bytes[at as usize - 1] ^= 1;
    fs::write(path, &bytes).expect("it is written");
    bytes
}

#[test]
fn rollups_of_what_cannot_be_read_any_more_are_set_aside_too() {
    let place = Place::new("aside-rollups");
    let mut store = place.open();
    scrape(&mut store, T0, &[1.0, 2.0, 3.0]);
    store.seal().expect("written");
    store.tick(T0 + 2 * DAY).expect("merged");
    let rollups = [place.files("5m")[0].clone(), place.files("1h")[0].clone()];
    break_last_column(&place.files("raw")[0]);
    scrape(&mut store, T0 + 15_000, &[1.0, 2.0]);
    store.seal().expect("written late");
    store.tick(T0 + 2 * DAY).expect("merged again");
    for old in rollups {
        assert!(!old.exists(), "there are newer ones");
        assert!(old.with_extension("chunk.damaged").exists(), "they have what is lost");
    }
}

#[test]
fn a_file_that_could_not_all_be_read_is_set_aside_and_not_removed() {
    let place = Place::new("aside");
    let mut store = place.open();
    scrape(&mut store, T0, &[1.0, 2.0, 3.0]);
    store.seal().expect("written");
    scrape(&mut store, T0 + 15_000, &[4.0, 5.0, 6.0]);
    store.seal().expect("written");
    let (bad, good) = (place.files("raw")[0].clone(), place.files("raw")[1].clone());
    let bytes = break_last_column(&bad);
    store.tick(T0 + 2 * DAY).expect("merged");
    assert_eq!(
        place
            .files("raw")
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "chunk"))
            .count(),
        1
    );
    assert!(!good.exists(), "what was read is in the new file");
    let aside = bad.with_extension("chunk.damaged");
    assert_eq!(fs::read(&aside).expect("it is kept"), bytes);
    let told = store.damage().join("\n");
    assert!(told.contains("cannot be read") && told.contains(".chunk.damaged"), "{told}");
    assert_eq!(all(&store).iter().map(|(_, points)| points.len()).sum::<usize>(), 5);
    drop(store);
    let mut store = place.open();
    assert_eq!(all(&store).iter().map(|(_, points)| points.len()).sum::<usize>(), 5);
    live(&mut store, 1..33);
    assert!(!aside.exists(), "it goes when its samples would have gone");
}

#[test]
fn a_file_that_was_bad_when_it_was_opened_is_set_aside_too() {
    let place = Place::new("aside-open");
    let mut store = place.open();
    scrape(&mut store, T0, &[1.0, 2.0, 3.0]);
    store.seal().expect("written");
    scrape(&mut store, T0 + 15_000, &[1.0, 2.0, 3.0]);
    store.seal().expect("written");
    drop(store);
    let bad = place.files("raw")[0].clone();
    let mut bytes = fs::read(&bad).expect("it is there");
    // The labels of the first group come first.
    bytes[20] ^= 1;
    fs::write(&bad, &bytes).expect("it is written");
    let mut store = place.open();
    assert_eq!(store.damage().len(), 1);
    store.tick(T0 + 2 * DAY).expect("merged");
    assert_eq!(fs::read(bad.with_extension("chunk.damaged")).expect("it is kept"), bytes);
}

#[test]
fn rollups_that_cannot_be_written_do_not_write_the_samples_again_and_again() {
    let place = Place::new("no-rollups");
    let mut store = place.open();
    for n in 0..3 {
        scrape(&mut store, T0 + n * 15_000, &[1.0, 2.0, 3.0]);
        store.seal().expect("written");
    }
    let before = all(&store);
    let stone = |n: u64| place.path().join(format!("5m_20000+1_{n:010}.chunk.new"));
    (0..50).for_each(|n| fs::create_dir(stone(n)).expect("it is made"));
    for _ in 0..3 {
        store.tick(T0 + 2 * DAY).expect_err("there is no place for the rollups");
        assert_eq!(place.files("raw").len(), 1);
        assert_eq!(all(&store), before);
    }
    let samples = place.files("raw");
    (0..50).for_each(|n| fs::remove_dir(stone(n)).expect("it is removed"));
    store.tick(T0 + 2 * DAY).expect("now it works");
    assert_eq!(place.files("raw"), samples, "they were not written once more");
    assert_eq!((place.files("5m").len(), place.files("1h").len()), (1, 1));
}
