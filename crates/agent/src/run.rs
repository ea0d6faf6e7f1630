//! The agent as a whole: what its configuration asks for is started, and ends when the process is told to.

use crate::config::{Config, Send};
use crate::outbox::Outbox;
use crate::post::Client;
use crate::probe::Prober;
use crate::scrape::Program;
use crate::serve::{Besides, Server};
use crate::tree::Root;
use crate::watch::{self, Watch};
use crate::{Source, probe, scrape, sender, serve};
use metrics::Labels;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, Scope};
use std::time::Duration;

/// No thread needs more for its own.
const STACK: usize = 1 << 20;

/// What the collectors read, as the configuration says.
pub fn source(config: &Config) -> Source {
    Source {
        root: Root::new("/"),
        textfile: config.textfile.clone(),
        smart: config.smart.clone(),
        bird: config.bird.clone(),
        with: config.with.clone(),
    }
}

/// All that the configuration asks for, found out now, as text.
pub fn once(config: &Config) -> String {
    let mut text = serve::metrics(&source(config), Besides::default());
    text.push_str(&probe::told_once(&config.probe));
    text
}

/// Does all that the configuration asks for until a signal ends it; `say` is told what a person would know.
pub fn run(config: &Config, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| format!("cannot wait for signals: {error}"))?;
    }
    let listen = |error| format!("cannot listen on {}: {error}", config.listen);
    let server = Server::bind(config.listen).map_err(listen)?;
    let address = server.address().map_err(listen)?;
    say(&format!("listening on http://{address}/metrics"));
    let followers = crate::logs::Followers::open(config)?;
    let outgoing = config.send.as_ref().map(Outgoing::open).transpose()?;
    let programs = programs(config)?;
    let source = source(config);
    let (disks, events) = Watch::start(source.root.clone(), config.disks.clone())
        .map_err(|trouble| format!("cannot watch the disks: {trouble}"))?;
    watch::log(&events, None);
    let outbox = outgoing.as_ref().map(|outgoing| &outgoing.outbox);
    let prober = Prober::start(config.probe.clone());
    let logs = followers.as_ref();
    let besides = Besides { watch: Some(&disks), outbox, prober: Some(&prober), logs };
    std::thread::scope(|scope| {
        // Whatever ends, all end.
        let ends = Ends(&stop);
        if let Some(followers) = &followers {
            thread(scope, "logs", || followers.run(&stop))?;
        }
        if let Some(outgoing) = &outgoing {
            let own = || {
                let besides = Besides { prober: None, ..besides };
                let mut tell = || Ok(serve::metrics(&source, besides));
                let to = (&outgoing.outbox, &config.own_labels());
                scrape::run(to, outgoing.interval, &stop, &mut tell);
            };
            thread(scope, "own", own)?;
            if !config.probe.is_empty() {
                // What is tried from here has a job of its own: its series end with it, not with the host's.
                let tried = || {
                    let labels = config.probe_labels();
                    let mut tell = || Ok(prober.text());
                    scrape::run((&outgoing.outbox, &labels), outgoing.interval, &stop, &mut tell);
                };
                thread(scope, "probes", tried)?;
            }
            for (program, labels, interval) in &programs {
                let (to, stop) = ((&outgoing.outbox, labels), &stop);
                let ask = move || scrape::run(to, *interval, stop, &mut || program.ask());
                thread(scope, "scrape", ask)?;
            }
            let send = || sender::run(&outgoing.outbox, &outgoing.client, &stop);
            thread(scope, "send", send)?;
        }
        let went = server.run(&source, (&disks, besides), &stop).map_err(listen);
        drop(ends);
        went
    })
}

/// What measurements go through on their way to the server.
struct Outgoing {
    outbox: Outbox,
    client: Client,
    interval: Duration,
}

impl Outgoing {
    fn open(send: &Send) -> Result<Self, String> {
        let client = Client::new(&send.url, send.token_file.clone(), send.ca.as_deref())?;
        let outbox = Outbox::open(&send.directory.join("queue"), send.most.bytes())?;
        Ok(Self { outbox, client, interval: send.interval() })
    }
}

/// The programs that are asked, with the labels of what they tell, and how often.
fn programs(config: &Config) -> Result<Vec<(Program, Labels, Duration)>, String> {
    let usual = config.send.as_ref().map_or(Duration::from_secs(15), Send::interval);
    let scrapes = config.scrape.iter().map(|scrape| {
        let interval =
            scrape.interval_s.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
        Ok((Program::new(&scrape.url)?, config.labels_of(scrape), interval))
    });
    scrapes.collect()
}

/// Tells all threads to end when it goes, however it goes.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn thread<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() + core::marker::Send + 'scope,
) -> Result<(), String> {
    let thread = Builder::new().name(name.to_owned()).stack_size(STACK).spawn_scoped(scope, work);
    thread.map(drop).map_err(|error| format!("cannot begin to {name}: {error}"))
}
