//! `xtask bench prove`: the simulation of failures beside the plainest engine, on graphs of real
//! networks, and how it grows. Each figure comes from a process of its own, so that memory is its own.

use super::peak;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use testkit::naive::Naive;
use testkit::zoo::{Edges, Graph};

/// Graphs of the Internet Topology Zoo.
const GRAPHS: [&str; 4] = ["Belnet2010", "Renater2010", "Geant2012", "UsCarrier"];
/// Where the sessions end: on the graph's own nodes, so that its links are all there are.
const EDGES: Edges = Edges::Among;
/// Routers of the growing provider, and how many of its things fail at once.
const GROWTH: [(usize, u8); 8] =
    [(10, 2), (30, 2), (100, 1), (100, 2), (300, 0), (300, 1), (1_000, 0), (1_000, 1)];
/// As long as anybody waits for a row of the growth.
const PATIENCE: Duration = Duration::from_secs(120);

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    /// Backbones only, as the plain engine lets them.
    Links,
    /// Whatever can.
    Everything,
}

/// What one process measured.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    elements: u64,
    scenarios: u64,
    simulated: u64,
    micros: u64,
    mib: u64,
}

/// The whole table; words choose graphs or `growth`.
pub(super) fn table(root: &Path, words: &[String]) -> Result<String, String> {
    let wanted = |name: &str| words.len() < 2 || words.iter().any(|word| word == name);
    let graphs: Vec<&str> = GRAPHS.into_iter().filter(|name| wanted(name)).collect();
    let mut said = String::new();
    if !graphs.is_empty() {
        said += &zoo(root, &graphs)?;
    }
    if wanted("growth") {
        said += &growth(root)?;
    }
    Ok(said)
}

/// All single and double failures of links, by both engines.
fn zoo(root: &Path, names: &[&str]) -> Result<String, String> {
    let mut said = String::from(
        "all single and double failures of links, 64 classes of destinations, 20 sessions\n\
         \x20 graph       nodes links scenarios | plain s  MiB | prove s  MiB simulated | times faster\n",
    );
    for name in names {
        let file = graph_file(root, name)?;
        let graph = Graph::graphml(&read(&file)?);
        let plain = child(&["naive", "2", "links"], &file)?;
        let ours = child(&["graph", "2", "links"], &file)?;
        let _ = writeln!(
            said,
            "  {name:<11} {:>5} {:>5} {:>9} | {:>7.2} {:>4} | {:>7.3} {:>4} {:>9} | {:>6.1}",
            graph.nodes,
            graph.links.len(),
            plain.scenarios,
            seconds(plain),
            plain.mib,
            seconds(ours),
            ours.mib,
            ours.simulated,
            seconds(plain) / seconds(ours),
        );
        if plain.scenarios != ours.scenarios {
            let _ = writeln!(said, "    the proof covers {} scenarios!", ours.scenarios);
        }
    }
    Ok(said + "\n")
}

/// Everything that can fail, in generated providers and in the example.
fn growth(root: &Path) -> Result<String, String> {
    let mut said = String::from(
        "everything that can fail, every property\n\
         \x20 provider     at once elements scenarios simulated | prove s  MiB\n",
    );
    let folder = std::env::temp_dir().join(format!("ketupa-prove-{}", std::process::id()));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let file = folder.join("isp.toml");
    said += &row("neutrinet", 2, &root.join("examples/neutrinet"))?;
    for (routers, failures) in GROWTH {
        fs::write(&file, testkit::large::isp_text(routers)).map_err(|error| error.to_string())?;
        said += &row(&format!("{routers} routers"), failures, &folder)?;
    }
    let _ = fs::remove_dir_all(&folder);
    Ok(said + "\n")
}

/// One row, which is also shown as soon as it is known.
fn row(name: &str, failures: u8, directory: &Path) -> Result<String, String> {
    let head = format!("  {name:<13} {failures:>6}");
    let words = ["directory", &failures.to_string(), "everything"];
    let row = match patient(&words, directory)? {
        Some(own) => format!(
            "{head} {:>8} {:>9} {:>9} | {:>7.3} {:>4}\n",
            own.elements,
            own.scenarios,
            own.simulated,
            seconds(own),
            own.mib
        ),
        None => format!("{head} | stopped after {} s\n", PATIENCE.as_secs()),
    };
    let _ = write!(std::io::stderr(), "{row}");
    Ok(row)
}

/// Runs [`one`] in a process of its own, as long as anybody waits.
fn patient(words: &[&str], path: &Path) -> Result<Option<Figures>, String> {
    let mut running =
        command(words, path)?.stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
    let begun = Instant::now();
    while running.try_wait().map_err(|error| error.to_string())?.is_none() {
        if begun.elapsed() > PATIENCE {
            let _ = running.kill();
            let _ = running.wait();
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = running.wait_with_output().map_err(|error| error.to_string())?;
    figures(words, &output).map(Some)
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn seconds(figures: Figures) -> f64 {
    figures.micros.max(1) as f64 / 1e6
}

/// The graph's file. The crate `bgpsim`, which is our second opinion about BGP, carries the zoo as it
/// was published.
fn graph_file(root: &Path, name: &str) -> Result<PathBuf, String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["metadata", "--format-version", "1", "--locked", "--quiet"]);
    cargo.args(["--filter-platform", "x86_64-unknown-linux-gnu"]);
    let output = cargo.current_dir(root).output().map_err(|e| e.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let manifests = said.split("\"manifest_path\":\"").filter_map(|rest| rest.split('"').next());
    let mut of_bgpsim = manifests.filter(|path| path.contains("/bgpsim-0."));
    let manifest = of_bgpsim.next().ok_or_else(|| {
        format!("cargo knows no bgpsim: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(Path::new(manifest).with_file_name("topology_zoo").join(format!("{name}.graphml")))
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Runs [`one`] in a process of its own.
fn child(words: &[&str], path: &Path) -> Result<Figures, String> {
    let output = command(words, path)?.output().map_err(|error| error.to_string())?;
    figures(words, &output)
}

fn command(words: &[&str], path: &Path) -> Result<Command, String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(this);
    command.args(["bench", "prove-one"]).args(words).arg(path);
    Ok(command)
}

fn figures(words: &[&str], output: &Output) -> Result<Figures, String> {
    let said = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [elements, scenarios, simulated, micros, mib] = *figures else {
        return Err(format!("{words:?}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    };
    Ok(Figures { elements, scenarios, simulated, micros, mib })
}

/// One measurement: `naive|graph|directory FAILURES links|everything PATH`.
pub(super) fn one(words: &[String]) -> Result<String, String> {
    let [engine, failures, fails, path] = words else {
        return Err("usage: prove-one ENGINE FAILURES FAILS PATH".to_owned());
    };
    let failures: u8 = failures.parse().map_err(|_| format!("`{failures}` is no number"))?;
    let fails = if fails == "links" { Fails::Links } else { Fails::Everything };
    let path = Path::new(path);
    let figures = match engine.as_str() {
        "naive" => plain(&Graph::graphml(&read(path)?), failures),
        "graph" => {
            let text = Graph::graphml(&read(path)?).isp(EDGES);
            ours(&testkit::isp_from(&text), failures, fails)
        }
        _ => ours(&testkit::isp(path), failures, fails),
    };
    let Figures { elements, scenarios, simulated, micros, .. } = figures;
    Ok(format!("{elements} {scenarios} {simulated} {micros} {}", peak()?))
}

fn plain(graph: &Graph, failures: u8) -> Figures {
    let begun = Instant::now();
    let naive = Naive::of(graph, EDGES);
    let sum = naive.run(failures);
    let micros = since(begun);
    let scenarios = sum.scenarios as u64;
    Figures { elements: naive.links() as u64, scenarios, simulated: scenarios, micros, mib: 0 }
}

fn ours(isp: &model::Isp, failures: u8, fails: Fails) -> Figures {
    let begun = Instant::now();
    let extent = run(isp, failures, fails);
    Figures {
        elements: extent.elements as u64,
        scenarios: extent.scenarios as u64,
        simulated: extent.simulated as u64,
        micros: since(begun),
        mib: 0,
    }
}

fn since(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX)
}

/// The proof with two threads, which the machines that we measure on have.
fn run(isp: &model::Isp, failures: u8, fails: Fails) -> verify::report::Extent {
    let options = verify::Options { failures, threads: 2 };
    let report = match fails {
        Fails::Everything => verify::prove(isp, options),
        Fails::Links => {
            let backbone = |(_, segment): &(_, &model::kinds::Segment)| {
                segment.kind == model::kinds::SegmentKind::Backbone
            };
            let links = isp.segments.iter().filter(backbone);
            let links: Vec<_> = links.map(|(id, _)| verify::Element::Segment(id)).collect();
            verify::prove_among(isp, options, &links)
        }
    };
    report.extent
}
