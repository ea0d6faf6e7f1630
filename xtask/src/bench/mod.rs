//! `xtask bench`: measures what docs/benchmarks.md says, with the released command in processes of its own.

mod agent;
mod chance;
mod converge;
mod fleet;
mod http;
mod logs;
mod metrics;
mod process;
mod prove;
mod served;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of each quick command; the middle one counts.
const RUNS: usize = 21;

/// Measures everything, or what the words name: `example`, `routers`, `hosts`, `twin`, `prove`, `build`;
/// `agent`, `converge`, `fleet`, `logs` and `metrics` only where they are named.
pub(crate) fn run(root: &Path, words: &[String]) -> Result<String, String> {
    if let [word, verb, directory] = words
        && word == "one"
    {
        return one(verb, Path::new(directory));
    }
    if let Some(done) = named(root, words) {
        return done;
    }
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    let ketupa = released(root)?;
    let mut said = String::new();
    if wanted("example") {
        said += &examples(root, &ketupa)?;
    }
    if wanted("routers") {
        let sizes = [10, 30, 100, 300].map(|routers| (routers, 4));
        said += &growth(
            &ketupa,
            "routers, each telling each other (4 machines behind a pair)",
            &sizes,
        )?;
    }
    if wanted("hosts") {
        let sizes = [(4, 6), (6, 46), (12, 58), (32, 70), (64, 104)];
        said += &growth(&ketupa, "hosts behind few routers", &sizes)?;
    }
    if wanted("twin") {
        said += &twin(root, &ketupa)?;
    }
    if wanted("prove") {
        said += &prove::table(root, &[])?;
    }
    if words.iter().any(|word| word == "build") {
        said += &build(root)?;
    }
    Ok(said)
}

/// A part that only runs where it is named, or a process of one.
fn named(root: &Path, words: &[String]) -> Option<Result<String, String>> {
    let (word, rest) = words.split_first()?;
    Some(match word.as_str() {
        "agent" => agent::table(root, words),
        "converge" => converge::table(root, rest),
        "converge-one" => converge::one(rest),
        "fleet" => fleet::table(),
        "fleet-one" => fleet::one(rest),
        "logs" => logs::table(root),
        "logs-settle" => logs::settle(rest),
        "metrics" => metrics::table(root, words),
        "metrics-keep" => metrics::one(rest),
        "prove" => prove::table(root, words),
        "prove-one" => prove::one(rest),
        _ => return None,
    })
}

fn target(root: &Path) -> PathBuf {
    std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root.join("target"), PathBuf::from)
}

/// The released command, built now.
fn released(root: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--release", "--locked", "-p", "ketupa"]).current_dir(root);
    timed(&mut cargo)?;
    Ok(target(root).join("release/ketupa"))
}

/// Downloads packages of Debian and unpacks them in a folder: nothing is installed.
fn unpacked(folder: &Path, packages: &[&str]) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let mut apt = Command::new("apt-get");
    let apt = apt.args(["download", "-q"]).args(packages).current_dir(folder);
    if timed(apt).is_err() {
        // A fresh machine does not know yet what there is.
        timed(Command::new("apt-get").args(["update", "-q"]))?;
        timed(apt)?;
    }
    let script = "for package in *.deb; do dpkg-deb -x $package .; done";
    timed(Command::new("sh").args(["-c", script]).current_dir(folder)).map(drop)
}

/// How long a command takes; it must end well.
fn timed(command: &mut Command) -> Result<Duration, String> {
    let begun = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(begun.elapsed()) } else { Err(format!("{command:?}: {status}")) }
}

/// The middle of several runs, in milliseconds.
fn middle(runs: usize, mut run: impl FnMut() -> Result<Duration, String>) -> Result<f64, String> {
    let mut times = (0..runs).map(|_| run()).collect::<Result<Vec<_>, _>>()?;
    times.sort();
    Ok(times.get(runs / 2).map_or(0.0, Duration::as_secs_f64) * 1000.0)
}

fn command(ketupa: &Path, verb: &str, directory: &Path) -> Command {
    let mut command = Command::new(ketupa);
    command.arg(verb).arg(directory).stderr(Stdio::null());
    command
}

fn examples(root: &Path, ketupa: &Path) -> Result<String, String> {
    let mut said = format!("middle of {RUNS} runs of the whole command, in milliseconds\n");
    for name in ["minimal", "neutrinet"] {
        for verb in ["check", "render", "map", "cost"] {
            let directory = root.join("examples").join(name);
            let time = middle(RUNS, || timed(&mut command(ketupa, verb, &directory)))?;
            let _ = writeln!(said, "  ketupa {verb:<7} {name:<10} {time:>7.1}");
        }
    }
    Ok(said + "\n")
}

/// What one process says of itself: milliseconds of the stages, memory, sizes.
fn one(verb: &str, directory: &Path) -> Result<String, String> {
    let begun = Instant::now();
    let isp = testkit::isp(directory);
    let load = begun.elapsed();
    let today = jiff::civil::date(2022, 1, 15);
    let begun = Instant::now();
    let mut rendered = (0, 0);
    let mut errors = 0;
    if verb == "check" {
        errors = ::prove::check(&isp, components::ALL, today).findings.len();
    } else {
        let proof = ::prove::prove(&isp, components::ALL, today).map_err(|_| "it is wrong")?;
        let none = std::collections::BTreeMap::new();
        let tree = render::tree(&proof, components::ALL, &none).map_err(|e| e.to_string())?;
        let files = tree.hosts.values().flat_map(|host| host.files.values());
        rendered = files.fold((0, 0), |(n, bytes), file| (n + 1, bytes + file.text.len()));
    }
    let stage = begun.elapsed();
    Ok(format!(
        "{} {} {} {} {} {} {errors}",
        load.as_millis(),
        stage.as_millis(),
        peak()?,
        isp.hosts.len(),
        rendered.0,
        rendered.1
    ))
}

/// The most memory that this process ever held, in MiB.
fn peak() -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib = line.split_whitespace().next().and_then(|word| word.parse::<u64>().ok());
    Ok(kib.unwrap_or_default() / 1024)
}

/// One process for one stage of one ISP: its figures, in the order in which [`one`] prints them.
fn figures(verb: &str, directory: &Path) -> Result<Vec<u64>, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(this).args(["bench", "one", verb]).arg(directory).output();
    let output = output.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let wrong = || format!("{verb}: {said}{}", String::from_utf8_lossy(&output.stderr));
    if figures.len() == 7 { Ok(figures) } else { Err(wrong()) }
}

fn growth(ketupa: &Path, what: &str, sizes: &[(usize, usize)]) -> Result<String, String> {
    let mut said = format!(
        "{what}\n  routers   hosts  TOML KiB | load ms  check ms (whole)  MiB | render ms (whole)  MiB  files  rendered MiB\n"
    );
    for (routers, machines) in sizes {
        let folder = std::env::temp_dir().join(format!("ketupa-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let text = testkit::large::isp_with(*routers, *machines);
        fs::write(folder.join("isp.toml"), &text).map_err(|error| error.to_string())?;
        let row = row(ketupa, &folder, *routers, text.len());
        let _ = fs::remove_dir_all(&folder);
        said += &row?;
    }
    Ok(said + "\n")
}

fn row(ketupa: &Path, folder: &Path, routers: usize, bytes: usize) -> Result<String, String> {
    let runs = if routers > 300 { 1 } else { 5 };
    let check = figures("check", folder)?;
    let render = figures("render", folder)?;
    let whole = |verb| middle(runs, || timed(&mut command(ketupa, verb, folder)));
    let (whole_check, whole_render) = (whole("check")?, whole("render")?);
    let [load, checked, check_memory, hosts, ..] = check.as_slice() else {
        return Ok(String::new());
    };
    let [_, rendered, memory, _, files, size, _] = render.as_slice() else {
        return Ok(String::new());
    };
    Ok(format!(
        "  {routers:>7} {hosts:>7} {:>9} | {load:>7} {checked:>9} {whole_check:>7.0} {check_memory:>4} | {rendered:>9} {whole_render:>7.0} {memory:>4} {files:>6} {:>13}\n",
        bytes / 1024,
        size >> 20,
    ))
}

/// From the command to every session established and every service answering.
fn twin(root: &Path, ketupa: &Path) -> Result<String, String> {
    let name = format!("bench-{}", std::process::id());
    let mut times = Vec::new();
    for _ in 0..5 {
        let directory = root.join("examples/neutrinet");
        let mut up = command(ketupa, "twin", Path::new("up"));
        let up = timed(up.arg(directory).args(["--name", &name]));
        let mut status = command(ketupa, "twin", Path::new("status"));
        let well = timed(status.args(["--name", &name]));
        let mut down = command(ketupa, "twin", Path::new("down"));
        timed(down.args(["--name", &name]))?;
        times.push(up?.as_secs_f64());
        well.map_err(|error| format!("the twin is up and not well: {error}"))?;
    }
    times.sort_by(f64::total_cmp);
    let shown: Vec<String> = times.iter().map(|time| format!("{time:.1}")).collect();
    Ok(format!("twin up of the example until all works, in seconds: {}\n\n", shown.join(", ")))
}

/// Build times in a target directory of its own.
fn build(root: &Path) -> Result<String, String> {
    let own = target(root).join("bench-build");
    let _ = fs::remove_dir_all(&own);
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--locked", "-p", "ketupa"]).current_dir(root);
    cargo.env("CARGO_TARGET_DIR", &own);
    let cold = timed(&mut cargo)?.as_secs_f64();
    let mut said = format!("debug build: cold {cold:.0} s");
    for file in
        ["crates/model/src/lib.rs", "crates/components/src/lib.rs", "crates/ketupa/src/main.rs"]
    {
        let now = std::time::SystemTime::now();
        let touched = fs::File::options().append(true).open(root.join(file));
        touched.and_then(|file| file.set_modified(now)).map_err(|error| error.to_string())?;
        let again = timed(&mut cargo)?.as_secs_f64();
        let _ = write!(said, ", after a change of {file} {again:.1} s");
    }
    Ok(said + "\n")
}
