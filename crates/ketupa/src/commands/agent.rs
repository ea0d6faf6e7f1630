//! `ketupa agent`: says how this host is, once or to all who ask.

use super::{End, Error};
use crate::cli::agent::Agent;
use crate::screen::Screen;
use agent::collect::{self, Usual};
use agent::serve::{self, Server};
use agent::tree::Root;
use agent::watch::{self, Watch};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The list of known disks in the directory that the unit makes.
const DISKS: &str = "/var/lib/ketupa-agent/disks.json";

pub(crate) fn run(args: &Agent, screen: &mut Screen) -> Result<End, Error> {
    known(&args.with)?;
    let source = agent::Source {
        root: Root::new("/"),
        textfile: args.textfile.clone(),
        smart: args.smart.clone(),
        bird: args.bird.clone(),
        with: args.with.clone(),
    };
    if args.print_unit {
        screen.text(&unit(args)?)?;
    } else if args.once {
        screen.text(&serve::metrics(&source, None))?;
    } else {
        answer(args, &source, screen)?;
    }
    Ok(End::Well)
}

/// Refuses a collector that is not there: its metrics would be missed too late.
fn known(with: &[String]) -> Result<(), Error> {
    let named: Vec<&str> = collect::ALL
        .iter()
        .filter(|collector| collector.usual == Usual::Named)
        .map(|collector| collector.name)
        .collect();
    match with.iter().find(|name| !named.contains(&name.as_str())) {
        Some(name) => Err(Error::Usage(format!(
            "--with {name}: only {} can be named there",
            named.join(", ")
        ))),
        None => Ok(()),
    }
}

/// Answers until the process is asked to end.
fn answer(args: &Agent, source: &agent::Source, screen: &mut Screen) -> Result<(), Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Error::Message(format!("cannot wait for signals: {error}")))?;
    }
    let listen = |error| Error::Message(format!("cannot listen on {}: {error}", args.listen));
    let server = Server::bind(args.listen).map_err(listen)?;
    let address = server.address().map_err(listen)?;
    screen.say(format!("listening on http://{address}/metrics"));
    let (disks, events) = Watch::start(source.root.clone(), args.disks.clone())
        .map_err(|trouble| Error::Message(format!("cannot watch the disks: {trouble}")))?;
    watch::log(&events, None);
    server.run(source, &disks, &stop).map_err(listen)
}

/// The unit that runs this program with these arguments.
fn unit(args: &Agent) -> Result<String, Error> {
    let program = std::env::current_exe()
        .map_err(|error| Error::Message(format!("cannot find this program's path: {error}")))?;
    let mut arguments = vec!["agent".to_owned(), "--listen".to_owned(), args.listen.to_string()];
    for (word, directory) in [("--textfile", &args.textfile), ("--smart", &args.smart)] {
        if let Some(directory) = directory {
            arguments.extend([word.to_owned(), directory.display().to_string()]);
        }
    }
    arguments.extend(["--bird".to_owned(), args.bird.display().to_string()]);
    let disks = args.disks.clone().unwrap_or_else(|| PathBuf::from(DISKS));
    arguments.extend(["--disks".to_owned(), disks.display().to_string()]);
    for name in &args.with {
        arguments.extend(["--with".to_owned(), name.clone()]);
    }
    Ok(agent::unit::text(&program.display().to_string(), &arguments))
}
