//! The agent as a whole: what its configuration asks for is started, and ends when the process is told to.

use crate::Source;
use crate::config::Config;
use crate::serve::Server;
use crate::tree::Root;
use crate::watch::{self, Watch};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

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
    let source = source(config);
    let (disks, events) = Watch::start(source.root.clone(), config.disks.clone())
        .map_err(|trouble| format!("cannot watch the disks: {trouble}"))?;
    watch::log(&events, None);
    std::thread::scope(|scope| {
        if let Some(followers) = &followers {
            scope.spawn(|| followers.run(&stop));
        }
        let went = server.run(&source, &disks, &stop).map_err(listen);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        went
    })
}
