//! Disks that come and go: recorded ones, and a real loop device.

use agent::disks::{Action, Disks, Event, Uevent, What};
use agent::text::Families;
use agent::tree::Root;
use agent::watch::Watch;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A directory that goes with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("agent-disks-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("sys/block")).expect("a directory");
        Self(path)
    }

    fn plug(&self, device: &str, serial: &str) {
        let below = self.0.join("sys/block").join(device);
        std::fs::create_dir_all(below.join("device")).expect("a directory");
        std::fs::write(below.join("size"), "2048\n").expect("a file");
        std::fs::write(below.join("device/serial"), format!("  {serial} \n")).expect("a file");
    }

    fn pull(&self, device: &str) {
        std::fs::remove_dir_all(self.0.join("sys/block").join(device)).expect("the disk was there");
    }

    fn start(&self) -> (Disks, Vec<String>) {
        let (disks, events, troubles) =
            Disks::start(Root::new(&self.0), Some(self.0.join("disks.json")));
        assert!(troubles.is_empty(), "{troubles:?}");
        (disks, said(&events))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn said(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .map(|event| format!("{} {} {}", event.what.word(), event.disk.device, event.disk.serial))
        .collect()
}

fn told(disks: &Disks) -> String {
    let mut found = Families::default();
    disks.tell(&mut found);
    found.write()
}

#[test]
fn a_disk_pulled_while_the_agent_was_down_is_gone_and_a_new_one_appeared() {
    let place = Place::new("down");
    place.plug("sda", "ONE");
    place.plug("sdb", "TWO");
    assert_eq!(place.start().1, Vec::<String>::new(), "the first start knows all disks");
    assert_eq!(place.start().1, Vec::<String>::new(), "nothing happened");

    place.pull("sdb");
    place.plug("sdc", "THREE");
    let (disks, events) = place.start();
    assert_eq!(events, ["appeared sdc THREE", "gone sdb TWO"]);
    let metrics = told(&disks);
    assert!(
        metrics
            .contains("ketupa_disk_present{device=\"sdb\",model=\"\",serial=\"TWO\",wwn=\"\"} 0\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains(
            "ketupa_disk_present{device=\"sdc\",model=\"\",serial=\"THREE\",wwn=\"\"} 1\n"
        ),
        "{metrics}"
    );

    // The same disk in another slot, under another name, is neither gone nor new.
    place.plug("sdd", "TWO");
    assert_eq!(place.start().1, Vec::<String>::new());
}

#[test]
fn a_disk_that_goes_is_told_with_the_serial_it_had() {
    let place = Place::new("goes");
    place.plug("sda", "ONE");
    let (mut disks, _) = place.start();
    place.pull("sda");
    let news = |action| Uevent { action, device: "sda".to_owned() };
    assert_eq!(said(&disks.follow(&news(Action::Remove))), ["remove sda ONE"]);
    place.plug("sda", "NEW");
    assert_eq!(said(&disks.follow(&news(Action::Add))), ["add sda NEW", "appeared sda NEW"]);
    let metrics = told(&disks);
    assert!(metrics.contains("ketupa_disk_events_total{event=\"remove\"} 1\n"), "{metrics}");
    assert!(metrics.contains("ketupa_disk_size_bytes{device=\"sda\"} 1048576\n"), "{metrics}");
}

#[test]
fn a_list_that_is_none_is_put_aside_and_the_agent_starts() {
    let place = Place::new("list");
    place.plug("sda", "ONE");
    let file = place.0.join("disks.json");
    // The first is what a power cut leaves of a file that was just written.
    for text in ["", "{}", "{\"disks\": [{}]}", "[1"] {
        std::fs::write(&file, text).expect("a file");
        let (_, events, troubles) = Disks::start(Root::new(&place.0), Some(file.clone()));
        assert_eq!(events, [], "{text}");
        assert_eq!(troubles.len(), 1, "{text}: {troubles:?}");
        let aside = std::fs::read_to_string(place.0.join("disks.bad")).expect("it is aside");
        assert_eq!(aside, text);
        assert_eq!(place.start().1, Vec::<String>::new(), "the next start knows the disks again");
    }
}

#[test]
fn a_list_that_cannot_be_written_costs_no_event() {
    let place = Place::new("full");
    place.plug("sda", "ONE");
    drop(place.start());
    // The new list is written there first.
    let beside = place.0.join("disks.new");
    std::fs::create_dir(&beside).expect("a directory");
    place.plug("sdb", "TWO");
    let (mut disks, events, troubles) =
        Disks::start(Root::new(&place.0), Some(place.0.join("disks.json")));
    assert_eq!(said(&events), ["appeared sdb TWO"]);
    assert_eq!(troubles.len(), 1, "{troubles:?}");
    assert!(disks.keep().is_err(), "it is tried again");
    std::fs::remove_dir(&beside).expect("it was empty");
    disks.keep().expect("there is room again");
    assert_eq!(place.start().1, Vec::<String>::new(), "what was missed is kept by then");
}

#[test]
fn disks_that_cannot_be_looked_at_have_not_gone() {
    let place = Place::new("blind");
    place.plug("sda", "ONE");
    let (mut disks, _) = place.start();
    let (block, hidden) = (place.0.join("sys/block"), place.0.join("sys/hidden"));
    std::fs::rename(&block, &hidden).expect("it was there");
    assert!(disks.look().is_err());
    let metrics = told(&disks);
    assert!(metrics.contains("ketupa_disk_events_total{event=\"remove\"} 0\n"), "{metrics}");
    let file = Some(place.0.join("disks.json"));
    let (_, events, troubles) = Disks::start(Root::new(&place.0), file);
    assert_eq!((events.as_slice(), troubles.len()), (&[][..], 1));
    std::fs::rename(&hidden, &block).expect("it was there");
    assert_eq!(place.start().1, Vec::<String>::new(), "all are known as before");
}

/// Needs root, and a kernel with loop devices.
#[test]
fn real_loop_device_becomes_an_event_within_five_seconds() {
    let place = Place::new("loop");
    let file = place.0.join("medium");
    std::fs::File::create(&file).and_then(|file| file.set_len(1 << 20)).expect("a file");
    let (watch, _) = Watch::start(Root::new("/"), None).expect("the kernel's news");

    let device = losetup(&["--find", "--show"], &file);
    let name = device.rsplit('/').next().expect("a name").to_owned();
    let attached = wait(&watch, &name, |event| event.disk.bytes == 1 << 20);
    // Before anything may fail: a loop device outlives the test.
    losetup(&["--detach"], Path::new(&device));
    let (event, took) = attached.expect("the file in it becomes an event");
    println!("attached: {} after {took:?}", event.line());
    let (event, took) =
        wait(&watch, &name, |event| event.what == What::MediaChange && event.disk.bytes == 0)
            .expect("that it is empty again becomes an event");
    println!("detached: {} after {took:?}", event.line());
    let mut found = Families::default();
    watch.tell(&mut found);
    let metrics = found.write();
    assert!(!metrics.contains("ketupa_disk_events_total{event=\"media_change\"} 0\n"), "{metrics}");
}

fn losetup(arguments: &[&str], path: &Path) -> String {
    let out = Command::new("losetup").args(arguments).arg(path).output().expect("losetup");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("a device").trim().to_owned()
}

fn wait(watch: &Watch, device: &str, wanted: impl Fn(&Event) -> bool) -> Option<(Event, Duration)> {
    let begin = Instant::now();
    let mut seen = Vec::new();
    while begin.elapsed() < Duration::from_secs(5) {
        let (events, trouble) = watch.events();
        assert!(trouble.is_none(), "{trouble:?}");
        seen.extend(events);
        let is_it = |event: &&Event| event.disk.device == device && wanted(event);
        if let Some(event) = seen.iter().find(is_it) {
            return Some((event.clone(), begin.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    println!("no such event of {device} within 5 s, but {seen:?}");
    None
}
