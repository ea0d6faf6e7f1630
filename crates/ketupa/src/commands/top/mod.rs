//! `ketupa top`: all hosts on one screen, the worst first.

mod hosts;
mod keys;
mod looking;
mod view;

use super::{End, Error};
use crate::cli::Format;
use crate::cli::query::Top;
use crate::client::Client;
use crate::screen::Screen;
use hosts::Host;
use keys::Terminal;
use looking::{Looking, Next};
use std::io::IsTerminal as _;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// How often the server is asked.
const EVERY: Duration = Duration::from_secs(2);
/// How soon an answer is shown, in milliseconds; a key is followed at once.
const TICK: u32 = 200;

pub(super) fn run(args: &Top, screen: &mut Screen) -> Result<End, Error> {
    let client = Client::new(&args.to)?;
    if args.format == Format::Json {
        let rows: Vec<_> = hosts::ask(&client)?.iter().map(Host::json).collect();
        screen.json(&serde_json::json!({ "hosts": rows }))?;
        return Ok(End::Well);
    }
    if args.once || !std::io::stdout().is_terminal() {
        let hosts = hosts::ask(&client)?;
        view::lines(&hosts).iter().try_for_each(|line| screen.line(&line.text))?;
        return Ok(End::Well);
    }
    live(client, screen)
}

/// What a server told, or why it did not.
type Asked = Result<Vec<Host>, String>;

/// Draws until somebody leaves. The server is asked beside, so that keys never wait for it.
fn live(client: Client, screen: &mut Screen) -> Result<End, Error> {
    let first = hosts::ask(&client)?;
    let answers = asking(client);
    let Some(terminal) = Terminal::take() else { return silent(first, &answers, screen) };
    let (mut hosts, mut trouble, mut looking) = (first, None, Looking::new());
    let mut shown = String::new();
    loop {
        let chosen = looking.chosen(&hosts);
        let (width, height) = size();
        let seen = view::Seen { all: &hosts, chosen: &chosen, looking: &looking };
        let drawn = seen.screen(trouble.as_deref(), (width, height), screen.paint());
        if drawn != shown {
            screen.text(&drawn)?;
            screen.flush()?;
            shown = drawn;
        }
        for key in terminal.wait(TICK) {
            let rows = looking.chosen(&hosts).len();
            if looking.press(key, rows, view::page(height)) == Next::Leave {
                return Ok(End::Well);
            }
        }
        if let Some(answer) = answers.try_iter().last() {
            heard(answer, &mut hosts, &mut trouble);
        }
    }
}

/// The same where nobody can type: until the program is ended.
fn silent(first: Vec<Host>, answers: &Receiver<Asked>, screen: &mut Screen) -> Result<End, Error> {
    let (mut hosts, mut trouble, looking) = (first, None, Looking::silent());
    loop {
        let seen = view::Seen { all: &hosts, chosen: &hosts, looking: &looking };
        screen.text(&seen.screen(trouble.as_deref(), size(), screen.paint()))?;
        screen.flush()?;
        match answers.recv() {
            Ok(answer) => heard(answer, &mut hosts, &mut trouble),
            Err(_) => return Ok(End::Well),
        }
    }
}

/// Takes an answer; a refusal leaves the hosts as they were.
fn heard(answer: Asked, hosts: &mut Vec<Host>, trouble: &mut Option<String>) {
    match answer {
        Ok(now) => (*hosts, *trouble) = (now, None),
        Err(why) => *trouble = Some(why),
    }
}

/// Asks again and again, as long as somebody listens.
fn asking(client: Client) -> Receiver<Asked> {
    let (say, answers) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(EVERY);
            if say.send(hosts::ask(&client).map_err(|error| error.to_string())).is_err() {
                return;
            }
        }
    });
    answers
}

/// How many columns and rows the terminal has.
fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    let known = size.ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    known.map_or((80, 24), |size| {
        (usize::from(size.ws_col).max(20), usize::from(size.ws_row).max(4))
    })
}
