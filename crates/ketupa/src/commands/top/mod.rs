//! `ketupa top`: all hosts on one screen, the worst first.

mod hosts;
mod view;

use super::{End, Error};
use crate::cli::Format;
use crate::cli::query::Top;
use crate::client::Client;
use crate::screen::Screen;
use hosts::Host;
use std::io::IsTerminal as _;
use std::time::Duration;

/// How often the screen is drawn.
const EVERY: Duration = Duration::from_secs(2);

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
    live(&client, screen)
}

/// Draws until somebody interrupts.
fn live(client: &Client, screen: &mut Screen) -> Result<End, Error> {
    let mut hosts = hosts::ask(client)?;
    let mut trouble = None;
    loop {
        let (width, height) = size();
        let drawn = view::screen(&hosts, trouble.as_deref(), (width, height), screen.paint());
        screen.text(&drawn)?;
        screen.flush()?;
        std::thread::sleep(EVERY);
        match hosts::ask(client) {
            Ok(now) => (hosts, trouble) = (now, None),
            Err(error) => trouble = Some(error.to_string()),
        }
    }
}

/// How many columns and rows the terminal has.
fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(std::io::stdout());
    size.map_or((80, 24), |size| {
        (usize::from(size.ws_col).max(20), usize::from(size.ws_row).max(4))
    })
}
