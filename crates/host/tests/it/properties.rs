//! What holds for all inputs.

use std::collections::BTreeMap;

use host::frame;
use host::wire::{Command, End, FileOrder, Observe, Orders, Request, Then};
use proptest::prelude::*;

use crate::lab::{Lab, command, file, orders};

/// A few short paths, so that before and after often meet.
fn path() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "/etc/a",
        "/etc/b",
        "/etc/d/a",
        "/etc/d/b",
        "/etc/d/e/a",
        "/srv/x/y/z",
        "/etc/new/a",
    ])
    .prop_map(str::to_owned)
}

fn tree() -> impl Strategy<Value = BTreeMap<String, (String, bool)>> {
    proptest::collection::btree_map(path(), (".{0,40}", any::<bool>()), 0..6)
}

fn lay(lab: &Lab, tree: &BTreeMap<String, (String, bool)>) {
    for (path, (text, link)) in tree {
        if *link {
            std::fs::create_dir_all(lab.at(path).parent().unwrap()).unwrap();
            std::os::unix::fs::symlink("/nowhere", lab.at(path)).unwrap();
        } else {
            lab.put(path, text);
        }
    }
}

/// Orders that turn what is there into `after`.
fn towards(
    lab: &Lab,
    before: &BTreeMap<String, (String, bool)>,
    after: &BTreeMap<String, (String, bool)>,
) -> Orders {
    let writes = after.iter().map(|(path, (text, private))| {
        lab.order(path, file(text, if *private { 0o600 } else { 0o644 }))
    });
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    let removes = gone.map(|path| lab.order(path, Then::Remove));
    let files: Vec<FileOrder> = writes.chain(removes).collect();
    orders(files)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn frames_come_back_as_they_went(
        files in proptest::collection::btree_map(".*", ".*", 0..8),
        units in proptest::collection::btree_set(".*", 0..8),
    ) {
        let request = Request::Observe(Observe { files, units, ..Observe::default() });
        let mut bytes = Vec::new();
        frame::send(&mut bytes, &request).unwrap();
        frame::send(&mut bytes, &Request::Recover).unwrap();
        let mut stream = bytes.as_slice();
        prop_assert_eq!(frame::receive(&mut stream).unwrap(), Some(request));
        prop_assert_eq!(frame::receive(&mut stream).unwrap(), Some(Request::Recover));
        prop_assert!(frame::receive::<Request>(&mut stream).unwrap().is_none());
    }

    #[test]
    fn no_bytes_make_the_executor_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (lab, mut output) = (Lab::new(), Vec::new());
        host::serve_at(&lab.place(), bytes.as_slice(), &mut output).unwrap();
        let marked = [&frame::MARK[..], &bytes].concat();
        host::serve_at(&lab.place(), marked.as_slice(), &mut output).unwrap();
    }

    #[test]
    fn no_request_makes_the_executor_panic_or_leave_its_root(
        paths in proptest::collection::vec(".{0,20}", 0..4),
        text in ".*",
    ) {
        let lab = Lab::new();
        let files = paths.iter().map(|path| FileOrder {
            path: path.clone(),
            was: host::wire::Entry::Absent,
            then: file(&text, 0o644),
        });
        let orders = orders(files.collect());
        let _any = host::answer(&lab.place(), &Request::Apply(orders));
        let files = paths.iter().map(|path| (path.clone(), text.clone())).collect();
        let _any = host::answer(&lab.place(), &Request::Observe(Observe { files, ..Observe::default() }));
    }

    #[test]
    fn a_change_that_is_rolled_back_changes_nothing(before in tree(), after in tree()) {
        let lab = Lab::new();
        lay(&lab, &before);
        let mut orders = towards(&lab, &before, &after);
        orders.probes = vec![Command { within_s: 0, ..command("never", &["false"]) }];
        let snapshot = lab.snapshot();
        let rolled_back = matches!(lab.apply(&orders).end, End::RolledBack { ref troubles, .. } if troubles.is_empty());
        prop_assert!(rolled_back);
        prop_assert_eq!(lab.snapshot(), snapshot);
    }

    #[test]
    fn a_change_that_is_done_leaves_what_was_ordered(before in tree(), after in tree()) {
        let lab = Lab::new();
        lay(&lab, &before);
        let end = lab.apply(&towards(&lab, &before, &after)).end;
        prop_assert_eq!(end, End::Done);
        let found: BTreeMap<String, String> = lab
            .snapshot()
            .into_iter()
            .filter(|(_, line)| !line.ends_with("directory"))
            .collect();
        let expected: BTreeMap<String, String> = after
            .iter()
            .map(|(path, (text, private))| {
                let mode = if *private { "600" } else { "644" };
                (path.trim_start_matches('/').to_owned(), format!("100{mode} 0:0 {text}"))
            })
            .collect();
        prop_assert_eq!(found, expected);
    }
}
