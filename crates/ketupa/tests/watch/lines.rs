//! What was written to logs arrives, once and in order, whatever happens to the agents, to the server, to the
//! way between them and to the files.

use crate::journal::Journal;
use crate::story::{AGENTS, MONITOR, Running, Story};
use crate::writer::{Act, Writer};
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long what was written may take until it is there.
const PATIENCE: Duration = Duration::from_secs(150);
/// Lines of one answer.
const PAGE: usize = 4_000;
/// What is followed on each host.
const KINDS: [(&str, &str); 2] = [("app", "file line"), ("journal", "journal line")];

struct Written {
    story: Story,
    journals: Vec<Journal>,
}

impl Written {
    fn new() -> Self {
        let story = Story::new("l");
        let journals = (1..=AGENTS).map(|host| Journal::start(&story.network, host)).collect();
        let written = Self { story, journals };
        for host in 1..=AGENTS {
            let folder = written.path(host);
            std::fs::create_dir_all(folder.parent().expect("a folder")).expect("it is made");
            std::fs::write(folder, "").expect("it is there before anybody reads it");
        }
        written
    }

    fn path(&self, host: usize) -> PathBuf {
        self.story.folder.join(format!("log{host}/app.log"))
    }

    fn agent(&self, host: usize) -> Running {
        let path = self.path(host);
        let logs = format!("[[log]]\njournal = true\n[[log]]\nfile = \"{}\"\n", path.display());
        self.story.agent(host, |program| self.journals[host - 1].command(program), &logs)
    }

    fn selector((job, words): (&str, &str), host: usize) -> String {
        format!("{{job=\"{job}\",instance=\"host{host}\"}} |= \"{words}\"")
    }

    /// How many lines of a kind are there.
    fn count(&self, kind: (&str, &str), host: usize) -> u64 {
        let question = format!("sum(count_over_time({}[1h]))", Self::selector(kind, host));
        let answer = self.story.ask("/loki/api/v1/query", &[("query", &question)]);
        let count = answer["data"]["result"][0]["value"][1].as_str();
        count.and_then(|count| count.parse().ok()).unwrap_or_default()
    }

    /// Waits until as many lines are there as were written.
    fn arrive(&self, what: &str, wrote: &[u64]) {
        let begin = Instant::now();
        for (host, wrote) in (1..).zip(wrote) {
            for kind in KINDS {
                let mut there = self.count(kind, host);
                while there < *wrote {
                    let late = begin.elapsed() > PATIENCE;
                    assert!(!late, "{what}: {there} of {wrote} lines of {} {host}", kind.0);
                    std::thread::sleep(Duration::from_millis(500));
                    there = self.count(kind, host);
                }
            }
        }
    }

    /// All lines of a kind as the interface of Loki tells them, page by page, in the order of time.
    fn all(&self, kind: (&str, &str), host: usize) -> Vec<(i64, String)> {
        let (question, limit) = (Self::selector(kind, host), PAGE.to_string());
        let end = jiff::Timestamp::now().as_second() + 60;
        let (mut all, mut start) = (Vec::new(), (end - 3600) * 1_000_000_000);
        loop {
            let (from, to) = (start.to_string(), (end * 1_000_000_000).to_string());
            let form = [("query", question.as_str()), ("start", &from), ("end", &to)];
            let form = [&form[..], &[("limit", &limit), ("direction", "forward")]].concat();
            let answer = self.story.ask("/loki/api/v1/query_range", &form);
            let page = lines(&answer);
            let Some((last, _)) = page.last() else { return all };
            start = last + 1;
            all.extend(page);
        }
    }

    /// Compares what is there with what was written: each line once, in order.
    fn each_is_there_once(&self, what: &str, wrote: &[u64]) {
        self.arrive(what, wrote);
        for (host, wrote) in (1..).zip(wrote) {
            for kind in KINDS {
                let what = format!("{what}: {} of host {host}", kind.0);
                let all = self.all(kind, host);
                let all: Vec<&str> = all.iter().map(|(_, line)| line.as_str()).collect();
                in_order(&what, kind.1, &all, *wrote);
                let shown = self.story.logs(&Self::selector(kind, host));
                let shown: Vec<&str> =
                    shown.iter().filter_map(|line| line.split_once("} ")).map(|(_, l)| l).collect();
                in_order(&format!("{what}, as `ketupa logs` has it"), kind.1, &shown, *wrote);
            }
        }
    }
}

/// Whether there are just the lines from 0 on.
fn in_order(what: &str, words: &str, found: &[&str], wrote: u64) {
    for (number, line) in (0..).zip(found) {
        let expected = format!("{words} {number}");
        assert_eq!(*line, expected, "{what}: at {number} of {wrote}");
    }
    assert_eq!(found.len() as u64, wrote, "{what}");
}

/// The lines of an answer in the order of time.
fn lines(answer: &Value) -> Vec<(i64, String)> {
    let streams = answer["data"]["result"].as_array().into_iter().flatten();
    let values = streams.flat_map(|stream| stream["values"].as_array().into_iter().flatten());
    let line =
        |value: &Value| Some((value[0].as_str()?.parse().ok()?, value[1].as_str()?.to_owned()));
    let mut lines: Vec<(i64, String)> = values.filter_map(line).collect();
    lines.sort_by_key(|(time, _)| *time);
    lines
}

/// Waits until lines of every journal arrive: what is written before an agent listens is not its own.
fn wait_for_journals(written: &Written) {
    let begin = Instant::now();
    for (host, journal) in (1..).zip(&written.journals) {
        while written.count(("journal", "is anybody there"), host) == 0 {
            assert!(begin.elapsed() < Duration::from_secs(60), "no journal of host {host} arrives");
            let mut cat = journal.command("systemd-cat");
            let said = cat.args(["echo", "is anybody there"]).status();
            assert!(said.is_ok_and(|said| said.success()));
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// A minute without a link; meanwhile files are renamed, cut, and written to in a burst, and agents are killed:
/// one is away while its file is renamed twice.
fn minute_without_link(written: &Written, writers: &[Writer], agents: &mut [Running]) {
    let pause = |seconds| std::thread::sleep(Duration::from_secs(seconds));
    let all = |act: Act| {
        for writer in writers {
            writer.act(act);
        }
    };
    written.story.network.link(MONITOR, "down");
    pause(6);
    agents[0].kill();
    all(Act::Rename);
    pause(6);
    all(Act::Rename);
    pause(8);
    agents[0] = written.agent(1);
    pause(12);
    all(Act::CopyTruncate);
    pause(10);
    all(Act::Burst);
    pause(1);
    for (host, agent) in (1..).zip(agents.iter_mut()) {
        agent.kill();
        pause(2);
        *agent = written.agent(host);
    }
    pause(11);
    written.story.network.link(MONITOR, "up");
}

#[test]
fn rotated_files_a_cut_link_and_killed_programs_cost_no_line_and_double_none() {
    let written = Written::new();
    let mut server = written.story.serve();
    let mut agents: Vec<Running> = (1..=AGENTS).map(|host| written.agent(host)).collect();
    wait_for_journals(&written);
    let writer = |host: usize| Writer::start(&written.path(host), &written.journals[host - 1]);
    let mut writers: Vec<Writer> = (1..=AGENTS).map(writer).collect();
    std::thread::sleep(Duration::from_secs(4));

    minute_without_link(&written, &writers, &mut agents);
    let wrote: Vec<u64> = writers.iter().map(Writer::wrote).collect();
    assert!(wrote.iter().all(|wrote| *wrote > 2_500), "{wrote:?}");
    written.arrive("after a minute without a link", &wrote);

    written.story.kill_four_times(&mut server);
    let wrote: Vec<u64> = writers.iter_mut().map(Writer::stop).collect();
    written.each_is_there_once("in the end", &wrote);
    drop((agents, server));
}
