//! What was measured arrives, once, whatever happens to the server and the way there.

use crate::network::Exporter;
use crate::story::{AGENTS, MONITOR, Running, Story};
use std::time::{Duration, Instant};

const SERIES: usize = 1000;
const SCRAPE: &str =
    "[[scrape]]\njob = \"x\"\nurl = \"http://127.0.0.1:9000/metrics\"\ninterval = 1\n";

struct Measured {
    story: Story,
    exporters: Vec<Exporter>,
}

impl Measured {
    fn new() -> Self {
        let story = Story::new("m");
        let exporter = |host| Exporter::new(&story.network, host, SERIES);
        let exporters = (1..=AGENTS).map(exporter).collect();
        Self { story, exporters }
    }

    /// What a question gives, by the series' labels `instance` and `n`.
    fn ask(&self, question: &str) -> Vec<(String, f64)> {
        let answer = self.story.ask("/api/v1/query", &[("query", question)]);
        let result = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let number = |series: &serde_json::Value| {
            let name = format!("{} {}", series["metric"]["instance"], series["metric"]["n"]);
            let value = series["value"][1].as_str().and_then(|text| text.parse().ok());
            (name, value.unwrap_or(f64::NAN))
        };
        let mut numbers: Vec<(String, f64)> = result.iter().map(number).collect();
        numbers.sort_by(|one, other| one.0.cmp(&other.0));
        numbers
    }

    /// Waits until all that was asked for until now is there, and counts it series by series.
    fn all_is_there_once(&self, what: &str) {
        let asked: Vec<u64> = self.exporters.iter().map(Exporter::asked).collect();
        let (begin, mut last) = (Instant::now(), Vec::new());
        while begin.elapsed() < Duration::from_secs(180) {
            std::thread::sleep(Duration::from_secs(1));
            last = self.ask("max by (instance) (max_over_time(asked_total{n=\"999\"}[1h]))");
            let arrived = last.iter().map(|(_, most)| *most);
            if last.len() == AGENTS
                && arrived.zip(&asked).all(|(most, asked)| most >= float(*asked))
            {
                break;
            }
        }
        assert_eq!(last.len(), AGENTS, "{what}: {asked:?} were asked for, {last:?} came");
        // Each value is one more than the one before: as many as from the first to the last, and none
        // is missing; no more than that, and none is there twice.
        let asks = "count_over_time(asked_total[1h]) - (max_over_time(asked_total[1h]) - min_over_time(asked_total[1h]))";
        let counted = self.ask(asks);
        assert_eq!(counted.len(), AGENTS * SERIES, "{what}");
        let is_one = |number: &f64| number.to_bits() == 1_f64.to_bits();
        let wrong: Vec<_> = counted.iter().filter(|(_, differs)| !is_one(differs)).collect();
        assert!(wrong.is_empty(), "{what}: {} of them: {:?}", wrong.len(), wrong.first());
        let first = self.ask("min_over_time(asked_total[1h])");
        assert!(first.iter().all(|(_, first)| is_one(first)), "{what}: {:?}", first.first());
        for ((name, most), asked) in last.iter().zip(&asked) {
            assert!(*most >= float(*asked), "{what}: {name}: {most} of {asked}");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "the counts are small")]
fn float(count: u64) -> f64 {
    count as f64
}

#[test]
fn a_cut_link_and_a_killed_server_cost_no_sample_and_double_none() {
    let measured = Measured::new();
    let story = &measured.story;
    let mut server = story.serve();
    let agent = |host| story.agent(host, |program| story.network.command(host, program), SCRAPE);
    let agents: Vec<Running> = (1..=AGENTS).map(agent).collect();
    std::thread::sleep(Duration::from_secs(8));
    measured.all_is_there_once("with the link up");

    story.network.link(MONITOR, "down");
    std::thread::sleep(Duration::from_secs(60));
    let asked: u64 = measured.exporters.iter().map(Exporter::asked).sum();
    story.network.link(MONITOR, "up");
    measured.all_is_there_once("after a minute without a link");
    assert!(asked > 100, "the agents measured meanwhile: {asked}");

    story.kill_four_times(&mut server);
    measured.all_is_there_once("after four servers that were killed");
    drop((agents, server));
}
