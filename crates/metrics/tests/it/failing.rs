//! Steps that fail half-way: what is there stays there, what comes afterwards is kept as it came.

use std::fs;
use std::os::unix::fs::symlink;

use crate::place::{DAY, Place, T0, all, put, scrape, series};

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
    let now = T0 + 40 * DAY;
    scrape(&mut store, now, &[1.0, 2.0, 3.0]);
    let stone = place.path().join("raw_20040+1_0000000000.chunk");
    symlink("nothing", &stone).expect("it is made");
    store.tick(now).expect_err("a file is there and cannot be opened");
    put(&mut store, &series("x", 0), &[(now + 15_000, 9.0)]).expect("kept");
    scrape(&mut store, now + 30_000, &[1.0, 4.0, 3.0]);
    let before = all(&store);
    assert_eq!(before.iter().map(|(_, points)| points.len()).sum::<usize>(), 8, "{before:?}");
    fs::remove_file(&stone).expect("it is removed");
    drop(store);
    assert_eq!(all(&place.open()), before, "what was acknowledged is there, by its own name");
}
