//! `xtask fuzz`: builds the fuzz targets with coverage by the stable compiler and feeds each for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 12] = [
    "load",
    "stages",
    "files",
    "frames",
    "templates",
    "remote_write",
    "exposition",
    "promql",
    "stored",
    "queued",
    "loki_push",
    "logql",
];
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
/// How long each target is fed, unless the command line says otherwise.
const SECONDS: u32 = 6;

/// What cargo-fuzz passes too. Passes of LLVM are open to the stable compiler; only the sanitizers
/// (for memory errors, which safe Rust has none of) are not.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cdebug-assertions -Coverflow-checks";

/// Builds and runs every target; the words may be a number of seconds and a target.
pub(crate) fn run(root: &Path, words: &[String]) -> Result<String, String> {
    let seconds = words.iter().find_map(|word| word.parse().ok()).unwrap_or(SECONDS);
    let target =
        std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root.join("target"), PathBuf::from);
    let target = target.join("fuzz");
    build(root, &target)?;
    let seeds = seeds(root, &target.join("seeds"))?;
    let chosen =
        |name: &&&str| words.iter().all(|word| word.parse::<u32>().is_ok() || word == **name);
    let mut said = vec![format!("{seeds} seeds, {seconds} s for each target")];
    for name in TARGETS.iter().filter(chosen) {
        said.push(feed(root, &target, name, seconds)?);
    }
    Ok(said.join("\n"))
}

/// Not `--locked`: this workspace's lock file follows the crates' own, which change more often.
fn build(root: &Path, target: &Path) -> Result<(), String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--bins", "--target", PLATFORM]);
    cargo.current_dir(root.join("fuzz")).env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", target);
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the fuzz targets do not build: {status}")),
        Err(error) => Err(format!("cannot start cargo: {error}")),
    }
}

/// Every small ISP that the tests have is where a target starts from.
fn seeds(root: &Path, to: &Path) -> Result<usize, String> {
    let fail = |error: std::io::Error| format!("{}: {error}", to.display());
    fs::create_dir_all(to).map_err(fail)?;
    let mut folders = vec![root.join("crates"), root.join("examples")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(fail)?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "toml" || end == "j2") {
                count += 1;
                fs::copy(&path, to.join(count.to_string())).map_err(fail)?;
            }
        }
    }
    Ok(count)
}

/// Feeds one target; what it finds on the way stays below the target directory for the next time.
fn feed(root: &Path, target: &Path, name: &str, seconds: u32) -> Result<String, String> {
    let found = target.join("corpus").join(name);
    let bad = target.join("bad").join(name);
    for folder in [&found, &bad] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let program = target.join(PLATFORM).join("release").join(name);
    let mut command = Command::new(program);
    command.arg(&found).arg(root.join("fuzz/corpus").join(name)).arg(target.join("seeds"));
    command.arg(format!("-max_total_time={seconds}"));
    command.arg(format!("-artifact_prefix={}/", bad.display()));
    command.arg(format!("-dict={}", root.join("fuzz/toml.dict").display()));
    command.args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=30000", "-print_final_stats=1"]);
    let output = command.output().map_err(|error| format!("cannot start {name}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last: Vec<&str> = said.lines().rev().take(40).collect();
        let last: Vec<&str> = last.into_iter().rev().collect();
        return Err(format!(
            "{}\n{name} failed: the input is in {}",
            last.join("\n"),
            bad.display()
        ));
    }
    let figure =
        |key: &str| said.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("?").trim();
    let (inputs, memory) =
        (figure("stat::number_of_executed_units:"), figure("stat::peak_rss_mb:"));
    let summary = said.lines().find(|line| line.contains("DONE")).unwrap_or_default();
    let covered =
        summary.split("cov: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("?");
    Ok(format!("{name:<10} {inputs:>9} inputs, {covered:>6} edges covered, {memory:>4} MiB"))
}
