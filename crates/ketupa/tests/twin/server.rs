//! `ketupa serve` in the network of a twin's host, and what it knows.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};

use derive::checks::{self, Check, Question};
use model::Named as _;
use serde_json::Value;

use crate::stage::{KETUPA, Living, ketupa, soon};

/// What alerts begin with that tell of this machine, which containers see as their own and which may be slow
/// because of others, or of this year.
const NOT_OURS: [&str; 8] =
    ["Clock", "CostRenews", "Disk", "Inodes", "Load", "Memory", "ServiceSlow", "Swap"];

/// A server that runs, and the host whose network it is in.
pub(crate) struct Server<'a> {
    network: &'a Living,
    host: &'static str,
    child: Child,
    data: String,
    token: String,
}

/// Labels and a value.
type Series = Vec<(BTreeMap<String, String>, f64)>;

impl<'a> Server<'a> {
    pub(crate) fn start(network: &'a Living, host: &'static str) -> Self {
        let data = format!("{}-data", network.declared.folder());
        let made =
            ketupa(&["token", "create", "story", "--scope", "metrics:read", "--data", &data]);
        assert_eq!(made.code, 0, "{}", made.err);
        let secret = network.says(host, "cat /etc/ketupa/agent.token");
        let apart = format!("--net=/proc/{}/ns/net", network.twin().pid(host).unwrap());
        let words = ["serve", network.declared.folder(), "--data", &data, "--behind-tls"];
        let child = Command::new("nsenter")
            .args([&apart, "--", KETUPA])
            .args(words)
            .args(["--listen", "[::]:80"])
            .env("KETUPA_AGENTS", secret.trim())
            .stderr(Stdio::null())
            .spawn();
        let token = made.out.trim().to_owned();
        let server = Self { network, host, child: child.unwrap(), data, token };
        soon(60, || server.asks("/api/v1/status/buildinfo", "").map(drop));
        // Nobody listened before: they would wait for up to a minute until they try again.
        for host in server.agents() {
            network.twin().systemctl(&host, &["restart", "ketupa-agent"]).unwrap();
        }
        server
    }

    /// Every host that shall have an agent.
    fn agents(&self) -> BTreeSet<String> {
        let isp = &self.network.isp;
        let all = isp.hosts.iter().filter(|(id, _)| checks::has_agent(isp, *id));
        all.map(|(_, host)| host.name().to_owned()).collect()
    }

    fn asks(&self, path: &str, query: &str) -> Result<Value, String> {
        let command = format!(
            "curl -sSf --max-time 10 -H 'Authorization: Bearer {}' -G --data-urlencode '{query}' \
             http://127.0.0.1{path}",
            self.token
        );
        let (code, said) = self.network.tries(self.host, &command);
        if code != 0 {
            return Err(said);
        }
        serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))
    }

    /// The series that answer a question.
    pub(crate) fn series(&self, query: &str) -> Result<Series, String> {
        let answer = self.asks("/api/v1/query", &format!("query={query}"))?;
        let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let one = |series: &Value| {
            let labels = series["metric"].as_object().into_iter().flatten();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let labels = labels.map(|(name, value)| (name.clone(), text(value))).collect();
            (labels, text(&series["value"][1]).parse().unwrap_or(f64::NAN))
        };
        Ok(series.iter().map(one).collect())
    }

    /// Every agent is heard: how many.
    pub(crate) fn hosts(&self) -> Result<usize, String> {
        let up = self.series("up{job=\"node\"} == 1")?;
        let heard: BTreeSet<String> =
            up.into_iter().filter_map(|(labels, _)| labels.get("instance").cloned()).collect();
        let wanted = self.agents();
        if heard == wanted {
            return Ok(heard.len());
        }
        let unheard: Vec<&String> = wanted.difference(&heard).collect();
        Err(format!("not heard: {unheard:?}"))
    }

    /// Every check is well, as all who shall ask tell it: how many there are.
    pub(crate) fn checks(&self) -> Result<usize, String> {
        let isp = &self.network.isp;
        let mut told: BTreeMap<[String; 2], f64> = BTreeMap::new();
        for (query, label) in
            [("probe_success", "check"), ("ketupa_vip_held", "vip"), ("bird_protocol_up", "name")]
        {
            for (labels, value) in self.series(query)? {
                let of = |name: &str| labels.get(name).cloned().unwrap_or_default();
                told.insert([of("instance"), of(label)], value);
            }
        }
        let wrong = |check: &Check| {
            let (what, wanted) = match &check.question {
                Question::Held(_) => (&check.object, 1),
                Question::Session(protocol) => (protocol, check.from.len()),
                Question::Ping(_)
                | Question::Tcp(..)
                | Question::Page(_)
                | Question::Certificate { .. }
                | Question::Dns { .. }
                | Question::Smtp { .. } => (&check.name, check.from.len()),
            };
            let from = check.from.iter().map(|id| isp.hosts[*id].name().to_owned());
            let answers: Vec<Option<&f64>> =
                from.map(|host| told.get(&[host, what.clone()])).collect();
            let well = answers.iter().flatten().filter(|value| ***value > 0.5).count();
            let all = answers.iter().all(Option::is_some);
            (!all || well != wanted).then(|| format!("{}: {answers:?}", check.name))
        };
        let all = checks::of(isp);
        let wrong: Vec<String> = all.iter().filter_map(wrong).collect();
        if wrong.is_empty() { Ok(all.len()) } else { Err(wrong.join("\n")) }
    }

    /// Exactly this alerts, or is about to: names and objects.
    pub(crate) fn tells(&self, expected: &BTreeSet<String>) -> Result<(), String> {
        let answer = self.asks("/api/v1/alerts", "x=")?;
        let alerts = answer["data"]["alerts"].as_array().cloned().ok_or("no list of alerts")?;
        let ours = alerts.iter().map(named).filter(|[name, _]| is_ours(name));
        let told: BTreeSet<String> = ours.map(|one| one.join(" ")).collect();
        let more: Vec<&String> = told.difference(expected).collect();
        let fewer: Vec<&String> = expected.difference(&told).collect();
        let wrong = format!("alerts besides: {more:?}, missing: {fewer:?}");
        if told == *expected { Ok(()) } else { Err(wrong) }
    }

    /// Causes, each with what follows from it: `VipUnheld vip.meme`, and so on.
    pub(crate) fn causes(&self) -> Result<BTreeMap<String, Vec<String>>, String> {
        let answer = self.asks("/api/v1/incidents", "x=")?;
        let incidents = answer["data"]["incidents"].as_array().cloned().ok_or("no incidents")?;
        let one = |incident: &Value| {
            let caused = incident["caused"].as_array().into_iter().flatten();
            let caused = caused.map(named).filter(|[name, _]| is_ours(name));
            let cause = named(&incident["cause"]);
            is_ours(&cause[0]).then(|| (cause.join(" "), caused.map(|one| one.join(" ")).collect()))
        };
        Ok(incidents.iter().filter_map(one).collect())
    }
}

fn named(alert: &Value) -> [String; 2] {
    ["alertname", "object"].map(|label| alert["labels"][label].as_str().unwrap_or_default().into())
}

fn is_ours(name: &str) -> bool {
    !NOT_OURS.iter().any(|start| name.starts_with(start))
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.data));
    }
}
