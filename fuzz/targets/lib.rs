//! What the fuzz targets share.

use component::Tree;
use model::{Isp, Source};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The stages after loading: findings of the lints, the rendered tree where there are no errors.
pub fn stages(isp: &Isp) -> (Vec<model::Finding>, Option<Tree>) {
    let today = jiff::civil::date(2022, 1, 15);
    let report = prove::check(isp, components::ALL, today);
    let proof = prove::prove(isp, components::ALL, today);
    let render = |proof| render::tree(proof, components::ALL, &BTreeMap::new());
    let tree = proof.as_ref().ok().map(render).map(|tree| tree.expect("built-in templates work"));
    (report.findings, tree)
}

/// Prints findings in every form.
pub fn print(findings: &[model::Finding], sources: &[Source]) {
    for finding in findings.iter().take(20) {
        for paint in [model::finding::Paint::Plain, model::finding::Paint::Colour] {
            let text = model::finding::text(finding, sources, paint);
            assert!(text.len() < 100_000, "a finding of {} bytes", text.len());
        }
        let json = model::finding::json(finding, sources);
        serde_json::to_string(&json).expect("a finding is JSON");
    }
}

/// When it is, for stores.
pub const NOW: i64 = 20_000 * 86_400_000 + 7_200_000;

/// A folder of this process, in memory.
pub fn folder() -> PathBuf {
    PathBuf::from(format!("/dev/shm/ketupa-fuzz-{}", std::process::id()))
}

thread_local! {
    static STORE: RefCell<Option<(metrics::Store, usize)>> = const { RefCell::new(None) };
}

/// Lends a store that begins anew from time to time.
pub fn with_store(ask: impl FnOnce(&mut metrics::Store)) {
    STORE.with_borrow_mut(|kept| {
        if kept.as_ref().is_none_or(|(_, used)| *used > 2000) {
            *kept = None;
            let _ = std::fs::remove_dir_all(folder());
            let store = metrics::Store::open(&folder(), metrics::Settings::default());
            *kept = Some((store.expect("it opens"), 0));
        }
        if let Some((store, used)) = kept {
            *used += 1;
            ask(store);
        }
    });
}

/// A few series of a quarter of an hour; once is enough.
pub fn fill(store: &mut metrics::Store) {
    if store.series_count() > 0 {
        return;
    }
    for n in 0..60_i32 {
        let time = NOW - 900_000 + i64::from(n) * 15_000;
        let text = format!(
            "a{{x=\"1\"}} {n}\na{{x=\"2\"}} {}\nb_total {}\nc_bucket{{le=\"1\"}} {n}\nc_bucket{{le=\"+Inf\"}} {n}\nd NaN\n",
            f64::from(n).sin(),
            n % 17
        );
        let mut target = metrics::wire::exposition::Target::new(metrics::Labels::default());
        target.scraped(store, &text, (time, 0.1)).expect("it is kept");
    }
}

thread_local! {
    static LOGS: RefCell<Option<(logs::Store, usize)>> = const { RefCell::new(None) };
}

/// Lends a store of logs that begins anew from time to time.
pub fn with_logs(ask: impl FnOnce(&mut logs::Store)) {
    LOGS.with_borrow_mut(|kept| {
        if kept.as_ref().is_none_or(|(_, used)| *used > 2000) {
            *kept = None;
            let _ = std::fs::remove_dir_all(folder());
            let store = logs::Store::open(&folder(), logs::Settings::default());
            *kept = Some((store.expect("it opens"), 0));
        }
        if let Some((store, used)) = kept {
            *used += 1;
            ask(store);
        }
    });
}

/// Some lines of a quarter of an hour; once is enough.
pub fn fill_logs(store: &mut logs::Store) {
    if store.stream_count() > 0 {
        return;
    }
    for (job, line) in [
        ("a", r#"{"level":"info","took":"12ms","n":{"b":1}}"#),
        ("b", "level=warn size=3KB msg=\"a b\""),
        ("c", "10.0.0.1 - - GET /a 200"),
    ] {
        let lines = (0..60_i64).map(|n| logs::Line {
            time: (NOW - 900_000 + n * 15_000) * 1_000_000,
            line: line.into(),
            metadata: logs::Labels::default(),
        });
        let stream = logs::Stream { labels: logs::Labels::new([("job", job)]), lines: lines.collect() };
        store.append(&[stream], NOW * 1_000_000).expect("it is kept");
    }
}
