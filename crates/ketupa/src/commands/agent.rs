//! `ketupa agent`: says how this host is, once or to all who ask, and sends it on.

use super::{End, Error};
use crate::cli::agent::Agent;
use crate::screen::Screen;
use agent::config::Config;
use agent::run;
use std::path::{Path, PathBuf};

/// The list of known disks in the directory that the unit makes.
const DISKS: &str = "/var/lib/ketupa-agent/disks.json";

pub(crate) fn run(args: &Agent, screen: &mut Screen) -> Result<End, Error> {
    agent::collect::known(&args.with).map_err(|why| Error::Usage(format!("--with {why}")))?;
    let config = config(args)?;
    if args.print_unit {
        screen.text(&unit(args)?)?;
    } else if args.once {
        screen.text(&run::once(&config))?;
    } else {
        run::run(&config, &mut |line| screen.say(line)).map_err(Error::Message)?;
    }
    Ok(End::Well)
}

/// What the file says, and the command line over it.
fn config(args: &Agent) -> Result<Config, Error> {
    let mut config = match &args.config {
        Some(path) => Config::read(path).map_err(Error::Message)?,
        None => Config::default(),
    };
    config.listen = args.listen.unwrap_or(config.listen);
    config.bird = args.bird.clone().unwrap_or(config.bird);
    config.textfile = args.textfile.clone().or(config.textfile);
    config.smart = args.smart.clone().or(config.smart);
    config.disks = args.disks.clone().or(config.disks);
    if !args.with.is_empty() {
        config.with.clone_from(&args.with);
    }
    Ok(config)
}

/// The unit that runs this program with these arguments.
fn unit(args: &Agent) -> Result<String, Error> {
    let program = std::env::current_exe()
        .map_err(|error| Error::Message(format!("cannot find this program's path: {error}")))?;
    let shown = |path: &Path| path.display().to_string();
    let listen = args.listen.map(|address| address.to_string());
    // What a file may say is not said over it.
    let disks = match &args.config {
        Some(_) => args.disks.clone(),
        None => Some(args.disks.clone().unwrap_or_else(|| PathBuf::from(DISKS))),
    };
    let options = [
        ("--config", args.config.as_deref().map(shown)),
        ("--listen", listen),
        ("--textfile", args.textfile.as_deref().map(shown)),
        ("--smart", args.smart.as_deref().map(shown)),
        ("--bird", args.bird.as_deref().map(shown)),
        ("--disks", disks.as_deref().map(shown)),
    ];
    let named = args.with.iter().map(|name| ("--with", Some(name.clone())));
    let words = options
        .into_iter()
        .chain(named)
        .filter_map(|(word, value)| Some([word.to_owned(), value?]));
    let arguments: Vec<String> =
        std::iter::once("agent".to_owned()).chain(words.flatten()).collect();
    Ok(agent::unit::text(&shown(&program), &arguments))
}
