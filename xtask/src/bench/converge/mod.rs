//! `xtask bench converge`: the same work on the same hosts by this program and by others, side by side.
//!
//! Hosts are containers with OpenSSH's own server; everybody works from one more container. Processor time is
//! that of all processes of the containers, so that what the hosts spend is counted, too.

mod lab;
mod ours;
mod tools;
mod used;

pub(super) use ours::one;
pub(super) use used::ticks;

use lab::Stage;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;
use tools::{Tool, Turn};
use used::Used;

/// How many hosts, where nobody says.
const HOSTS: [usize; 2] = [10, 20];
/// The most that have addresses.
const MOST: usize = 100;
/// Runs of what takes seconds; the middle one counts. What takes minutes runs once.
const RUNS: usize = 5;

/// What the command line asks for.
struct Asked {
    hosts: Vec<usize>,
    tools: Vec<Tool>,
    /// What the containers are called together.
    name: String,
}

/// The whole table. Words: `--hosts 10,20`, `--tools ketupa,pyinfra`, `--name NAME`.
pub(super) fn table(root: &Path, words: &[String]) -> Result<String, String> {
    let asked = asked(words)?;
    let kit = tools::Kit::made(root, &asked.tools)?;
    let mut said = String::new();
    for hosts in &asked.hosts {
        said += &heading(*hosts);
        let mut bench = Bench { kit: &kit, name: &asked.name, hosts: *hosts, said: String::new() };
        for tool in &asked.tools {
            bench.measure(*tool)?;
        }
        said += &bench.said;
    }
    Ok(said)
}

fn asked(words: &[String]) -> Result<Asked, String> {
    let mut asked =
        Asked { hosts: HOSTS.into(), tools: Tool::ALL.into(), name: "bench-converge".into() };
    for pair in words.chunks(2) {
        let [word, value] = pair else { return Err(format!("{pair:?} says nothing")) };
        let listed = || value.split(',');
        match word.as_str() {
            "--hosts" => asked.hosts = listed().map(count).collect::<Result<_, _>>()?,
            "--tools" => asked.tools = listed().map(Tool::named).collect::<Result<_, _>>()?,
            "--name" => asked.name.clone_from(value),
            _ => return Err(format!("{word} is not known: --hosts, --tools, --name")),
        }
    }
    Ok(asked)
}

fn count(word: &str) -> Result<usize, String> {
    let count = word.parse().ok().filter(|count| (1..=MOST).contains(count));
    count.ok_or_else(|| format!("`{word}` is no number of hosts from 1 to {MOST}"))
}

fn heading(hosts: usize) -> String {
    format!(
        "{hosts} hosts\n  {:<16} {:<9} {:>8} {:>9} {:>9} {:>9}\n",
        "tool", "turn", "wall s", "desk cpu", "hosts cpu", "kB/host"
    )
}

/// Tools on so many hosts.
struct Bench<'a> {
    kit: &'a tools::Kit,
    name: &'a str,
    hosts: usize,
    said: String,
}

impl Bench<'_> {
    /// Every turn of one tool, on hosts that nobody touched before.
    fn measure(&mut self, tool: Tool) -> Result<(), String> {
        let stage = Stage::up(self.kit, self.name, self.hosts)?;
        let done = self.turns(tool, &stage);
        stage.down()?;
        done
    }

    fn turns(&mut self, tool: Tool, stage: &Stage) -> Result<(), String> {
        for turn in tool.turns() {
            let runs = if tool.is_quick() && *turn != Turn::First { RUNS } else { 1 };
            let mut all = Vec::new();
            for _ in 0..runs {
                if *turn == Turn::Repair {
                    stage.on_hosts("echo '# by hand' >>/etc/bench/chrony.conf")?;
                }
                let script = tool.command(*turn, self.hosts);
                all.push(used::of(stage, &script, tool.leaves())?);
                if tool.works() && *turn != Turn::Dry {
                    stage.expect_work()?;
                }
            }
            self.row(tool, *turn, middle(all));
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
    fn row(&mut self, tool: Tool, turn: Turn, used: Used) {
        let seconds = Duration::as_secs_f64;
        let line = format!(
            "  {:<16} {:<9} {:>8.2} {:>9.2} {:>9.2} {:>9.1}",
            tool.name(),
            turn.name(),
            seconds(&used.wall),
            seconds(&used.desk),
            seconds(&used.hosts),
            used.bytes as f64 / 1000.0 / self.hosts as f64
        );
        // The whole takes an hour: whoever waits sees how far it is.
        eprintln!("{line}");
        let _ = writeln!(self.said, "{line}");
    }
}

/// The run in the middle by what it took of both sides' processors: the clock also shows what else goes on.
fn middle(mut all: Vec<Used>) -> Used {
    all.sort_by_key(|used| used.desk + used.hosts);
    all.get(all.len() / 2).copied().unwrap_or_default()
}
