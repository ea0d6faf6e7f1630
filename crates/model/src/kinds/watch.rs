//! How the provider watches itself: where measurements go, and from which places it is asked after.

use super::{Argument, Host};
use crate::fields::{At, Fields};
use crate::finding::Finding;
use crate::table::{Id, Named as _};
use crate::value::{Seconds, Secret};

/// How everything is watched: at most one table `[watch]`. What is watched follows from what is declared,
/// without a line here. With `server` or `url` every managed host gets an agent that sends there, and so do
/// `server` and `places` where they are not managed. Without them no host gets one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The host that runs `ketupa serve`, to which agents send.
    pub server: Option<Id<Host>>,
    /// Where agents send to, without `/api/v1/write`. Default: `https://` and the server's DNS name.
    pub url: Option<String>,
    /// The secret that agents show to the server.
    pub token: Option<Secret>,
    /// Hosts from which services are asked as the world sees them: best three, at different companies. They need
    /// not be managed: then they get the agent and nothing else.
    /// Without any, our own hosts ask.
    pub places: Vec<Id<Host>>,
    /// How often an agent looks at its host. Default: `15s`.
    pub interval: Seconds,
    /// How often a check is asked where no `[check]` says otherwise. Default: `60s`.
    pub every: Seconds,
    /// How long measurements are kept. Default: `730d`.
    pub keep: Seconds,
    /// Files with rules of Prometheus, from the provider's directory.
    pub rules: Vec<Argument>,
    /// Addresses of remote write, with their path, to which the server sends on all that it gets.
    pub forward: Vec<String>,
    /// Where agents send lines of logs, if not to the same server: the address of a Loki, without
    /// `/loki/api/v1/push`.
    pub logs: Option<String>,
    /// The secret that they show there. The server's own is shown to nobody else.
    pub logs_token: Option<Secret>,
    /// Where it is declared.
    pub at: At,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            server: None,
            url: None,
            token: None,
            places: Vec::new(),
            interval: Seconds(15),
            every: Seconds(60),
            keep: Seconds(730 * 86_400),
            rules: Vec::new(),
            forward: Vec::new(),
            logs: None,
            logs_token: None,
            at: At::default(),
        }
    }
}

impl Watch {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        let default = Self::default();
        let watch = Self {
            server: fields.get("server"),
            url: fields.get("url"),
            token: fields.get("token"),
            places: fields.list("places"),
            interval: fields.or("interval", default.interval),
            every: fields.or("every", default.every),
            keep: fields.or("keep", default.keep),
            rules: fields.list("rules"),
            forward: fields.list("forward"),
            logs: fields.get("logs"),
            logs_token: fields.get("logs_token"),
            at: fields.at(),
        };
        for finding in watch.misfits() {
            fields.finding(finding);
        }
        watch
    }

    /// Values that cannot be.
    fn misfits(&self) -> Vec<Finding> {
        let mut wrong = Vec::new();
        let mut say = |key: &str, says: &str, hint: &str| {
            wrong.push(Finding::error("M-VALUE", self.at.field(key), says).hint(hint));
        };
        let http = |url: &String| {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            let fine = |c: char| c.is_ascii_graphic() && !"\"\\?#".contains(c);
            rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(fine))
        };
        if self.url.as_ref().is_some_and(|url| !http(url)) {
            let hint = "write where `ketupa serve` answers, such as \"https://watch.example.org\"";
            say("url", "`url` of watch is no address of a server", hint);
        }
        if self.logs.as_ref().is_some_and(|url| !http(url) || url.contains('@')) {
            let hint = "write where Loki answers, such as \"https://loki.example.org\"";
            say("logs", "`logs` of watch is no address of a server", hint);
        }
        // A password would be in clear there, and a host alone is not where remote write is taken.
        let whole = |url: &String| {
            let place = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
            http(url) && place.is_some_and(|(host, _)| !host.is_empty() && !host.contains('@'))
        };
        if !self.forward.iter().all(whole) {
            let hint = "write it with its path, such as \"https://store.example.org/api/v1/write\"; \
                        a token is told to `ketupa serve` by --forward-token-file";
            say("forward", "`forward` of watch has what is no address of remote write", hint);
        }
        // Prometheus, and our own store, take a series for gone after five minutes of silence.
        for (key, value) in [("interval", self.interval), ("every", self.every)] {
            if !(1..=240).contains(&value.0) {
                let says = format!("`{key}` of watch is not between 1s and 240s");
                say(key, &says, "a series that is silent for five minutes counts as gone");
            }
        }
        wrong
    }
}

impl crate::load::Isp {
    /// Whether Ketupa brings anything to a host: all that it shall hold where it is managed, else an agent
    /// alone, where it asks for the watch or is its server.
    pub fn is_converged(&self, id: Id<Host>) -> bool {
        let watch = &self.watch;
        let is_sent_to = watch.server.is_some() || watch.url.is_some();
        let asks = watch.places.contains(&id) || watch.server == Some(id);
        self.hosts[id].managed || (is_sent_to && asks && self.hosts[id].agent)
    }

    /// Where agents send to, without the path; none where nobody is declared to listen.
    pub fn watch_url(&self) -> Option<String> {
        let told = self.watch.url.as_ref().map(|url| url.trim_end_matches('/').to_owned());
        told.or_else(|| {
            let server = &self.hosts[self.watch.server?];
            Some(format!("https://{}.{}", server.name(), self.about.domain))
        })
    }
}
