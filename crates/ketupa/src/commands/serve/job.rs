//! `ketupa job`: the queue, without a browser.

use super::token::says;
use super::{book, declared};
use crate::cli::Format;
use crate::cli::serve::{Job, JobGuard, JobList, JobRun, JobWhich};
use crate::commands::{End, Error};
use crate::report::plain;
use crate::screen::Screen;
use jobs::run::guard::{Patience, watch};
use jobs::schedule::moment;
use jobs::store::Look;
use jobs::{Cause, Run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) fn run(what: Job, screen: &mut Screen) -> Result<End, Error> {
    match what {
        Job::Run(args) => ask(&args, screen),
        Job::List(args) => list(&args, screen),
        Job::Show(args) => show(&args, screen),
        Job::Cancel(args) => cancel(&args, screen),
    }
}

fn ask(args: &JobRun, screen: &mut Screen) -> Result<End, Error> {
    let jobs = declared(&args.place.dir).map_err(Error::Message)?;
    let unknown = || Error::Usage(format!("no job `{}` is declared", plain(&args.job)));
    let spec = jobs.get(&args.job).ok_or_else(unknown)?;
    let store = book::open(&args.book)?;
    let now = store.now().map_err(says)?;
    let asked = spec.asked(Cause::Command, &user(), parameters(&args.set)?, now);
    let id = store.ask(&asked.map_err(Error::Usage)?, now).map_err(says)?;
    screen.line(id.to_string())?;
    Ok(End::Well)
}

/// Who is at the terminal.
fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_| "somebody".into())
}

fn parameters(set: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let pair = |text: &String| {
        let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Error::Usage(format!("expected NAME=VALUE, found `{}`", plain(text))))
    };
    set.iter().map(pair).collect()
}

fn list(args: &JobList, screen: &mut Screen) -> Result<End, Error> {
    let look = Look { job: args.job.as_deref(), before: None, most: 50 };
    let runs = book::open(&args.book)?.runs(look).map_err(says)?;
    match args.format {
        Format::Json => {
            let rows: Vec<Value> = runs.iter().map(row).collect();
            screen.json(&json!({ "runs": rows }))?;
        }
        Format::Text if runs.is_empty() => {
            screen.say("there is no run yet: `ketupa job run NAME` asks for one");
        }
        Format::Text => runs.iter().try_for_each(|run| screen.line(plain(&line(run))))?,
    }
    Ok(End::Well)
}

fn line(run: &Run) -> String {
    let at = moment(run.queued).map(|moment| moment.to_string()).unwrap_or_default();
    let (job, state, cause) = (&run.asked.job, run.state.word(), run.asked.cause.word());
    let why = if run.says.is_empty() { String::new() } else { format!(": {}", run.says) };
    format!("{:>6}  {job}  {at}  {cause}  {state}{why}", run.id)
}

fn row(run: &Run) -> Value {
    json!({
        "run": run.id,
        "job": run.asked.job,
        "state": run.state.word(),
        "cause": run.asked.cause.word(),
        "queued": moment(run.queued).map(|moment| moment.to_string()),
        "attempt": run.attempt,
        "exit": run.exit,
        "says": run.says,
    })
}

fn show(args: &JobWhich, screen: &mut Screen) -> Result<End, Error> {
    let store = book::open(&args.book)?;
    let run = store.run(args.run).map_err(says)?.ok_or_else(|| unknown(args.run))?;
    let mut after = 0;
    loop {
        let chunks = store.output(run.id, after).map_err(says)?;
        let Some(last) = chunks.last() else { break };
        after = last.seq;
        for text in chunks.iter().flat_map(|chunk| chunk.text.lines()) {
            screen.line(plain(text))?;
        }
    }
    screen.say(line(&run).trim());
    Ok(End::Well)
}

fn cancel(args: &JobWhich, screen: &mut Screen) -> Result<End, Error> {
    let store = book::open(&args.book)?;
    store.run(args.run).map_err(says)?.ok_or_else(|| unknown(args.run))?;
    let now = store.now().map_err(says)?;
    let cancelled = store.cancel(args.run, &user(), now).map_err(says)?;
    screen.say(if cancelled { "cancelled" } else { "it is over already" });
    Ok(End::Well)
}

fn unknown(id: i64) -> Error {
    Error::Usage(format!("there is no run {id}: `ketupa job list` shows them"))
}

/// What stands between a server and the process of a run.
pub(crate) fn guard(args: &JobGuard, screen: &mut Screen) -> u8 {
    let time = Duration::from_millis;
    let (silence, last_words) = (time(args.silence), time(args.last_words));
    let patience = Patience { silence, last_words, grace: time(args.grace) };
    let Some((program, arguments)) = args.command.split_first() else { return 2 };
    match watch(patience, program, arguments) {
        Ok(status) => status,
        Err(error) => {
            screen.say(format!("cannot start {program}: {error}"));
            127
        }
    }
}
