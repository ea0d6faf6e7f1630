//! The small executor that travels to a machine: observes, stages, checks, swaps and rolls back.
//!
//! It reads requests from a stream and writes one answer to each; it keeps no connection, decides
//! nothing and does nothing that it was not ordered to. See [`wire`] for what can be asked.
//!
//! A change goes: lock, undo of what an interruption left, comparison with what the orders expect,
//! apt's own files, packages, users and groups, staging beside the targets, the daemons' own checkers on the whole staged set, journal,
//! units that leave, swap by rename, units in order, probes, manifest. Whatever fails before the swap
//! leaves the host untouched; whatever fails later is put back. A change that may cut the host off
//! waits after its probes for a confirmation, and [`undo`] takes it back when none comes.
#![expect(clippy::disallowed_methods, reason = "this crate is what touches a host")]

use std::io::{Read, Write};

pub mod frame;
mod accounts;
mod boot;
mod change;
mod copy;
mod directories;
mod early;
mod files;
mod guard;
mod history;
mod packages;
mod place;
mod recover;
mod rehearse;
mod run;
mod see;
mod store;
mod trace;
mod units;
pub mod wire;

pub use files::hash;
pub use guard::undo;
pub use place::Place;

use place::Root;
use store::Store;
use wire::{Answer, Request};

/// Answers every request from `input` on the machine itself, until the stream ends.
pub fn serve(input: impl Read, output: impl Write) -> std::io::Result<()> {
    serve_at(&Place::live(), input, output)
}

/// Answers every request from `input` at `place`. The first that is not understood ends it.
pub fn serve_at(
    place: &Place,
    mut input: impl Read,
    mut output: impl Write,
) -> std::io::Result<()> {
    loop {
        match frame::receive(&mut input) {
            Ok(None) => return Ok(()),
            Ok(Some(request)) => frame::send(&mut output, &answer(place, &request))?,
            Err(broken) => {
                frame::send(&mut output, &Answer::Refused { why: broken.to_string() })?;
                return output.flush();
            }
        }
        output.flush()?;
    }
}

/// Answers one request.
pub fn answer(place: &Place, request: &Request) -> Answer {
    let answered = match request {
        Request::Observe(asked) => see::observe(place, asked).map(Answer::Observed),
        Request::Read { paths } => see::read(place, paths).map(Answer::Texts),
        Request::Recover => Ok(Answer::Recovered(recover(place))),
        Request::Apply(orders) => Ok(Answer::Applied(change::apply(place, orders))),
        Request::Confirm { id } => guard::confirm(place, id).map(Answer::Confirmed),
        Request::Trace { paths, packages } => {
            trace::trace(place, paths, packages).map(Answer::Traced)
        }
        Request::History { most } => history::read(place, *most).map(Answer::History),
    };
    answered.unwrap_or_else(|why| Answer::Refused { why })
}

fn recover(place: &Place) -> Result<Option<String>, String> {
    let root = Root::open(place).map_err(|error| format!("cannot open the root: {error}"))?;
    let store = Store::open(&root).map_err(|error| format!("cannot open the books: {error}"))?;
    let Some(store) = store else { return Ok(None) };
    let lock = store.lock().map_err(|error| format!("cannot lock: {error}"))?;
    let _lock = lock.ok_or_else(|| store.busy())?;
    recover::recover(place, &root, &store)
}
