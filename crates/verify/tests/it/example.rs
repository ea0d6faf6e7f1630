//! The example network under every double failure.

use std::path::{Path, PathBuf};

use model::{Isp, Source};
use verify::Options;

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, all);
        } else if path.extension().is_some_and(|e| e == "toml") {
            all.push(path);
        }
    }
    all.sort();
}

pub(crate) fn read(folder: &Path) -> (Isp, Vec<Source>) {
    let mut all = Vec::new();
    files(folder, &mut all);
    let sources: Vec<Source> = all
        .iter()
        .map(|path| Source::new(path.display().to_string(), &std::fs::read(path).unwrap()))
        .collect();
    let loaded = model::load(&sources);
    (loaded.isp.unwrap_or_else(|| panic!("{:?}", loaded.findings)), sources)
}

#[test]
fn the_example_is_proved() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (isp, sources) = read(&root.join("examples/neutrinet"));
    for failures in [0, 1, 2] {
        let started = std::time::Instant::now();
        let report = verify::prove(&isp, Options { failures, threads: 2 });
        println!("{failures}: {:?} {:?}", started.elapsed(), report.extent);
        if failures < 2 {
            println!("{} violations", report.violations.len());
            continue;
        }
        for one in &report.violations {
            println!(
                "{} [{}] {}  others {}",
                one.id,
                one.shown.failure.text(&isp),
                one.finding.says,
                one.others.len()
            );
            for hop in &one.shown.hops {
                println!("    {} {:?}>{:?} {}", hop.host, hop.input, hop.output, hop.by);
            }
            println!("    {:?}", one.shown.end);
            for other in one.others.iter().take(4) {
                println!("   or {}", other.text(&isp));
            }
        }
    }
    let _ = sources;
}
