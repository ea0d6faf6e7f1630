//! What was done on a host before, as the host keeps it.

use host::wire::{Answer, Record, Request};
use machine::{Machine, Unreachable};

use crate::observe::Trouble;

/// The last changes of a host, oldest first; no more than `most`.
pub fn history(machine: &dyn Machine, most: u32) -> Result<Vec<Record>, Trouble> {
    let host = machine.name().to_owned();
    match machine.ask(Request::History { most })? {
        Answer::History(records) => Ok(records),
        Answer::Refused { why } => Err(Trouble::Refused { host, why }),
        Answer::Observed(_)
        | Answer::Texts(_)
        | Answer::Recovered(_)
        | Answer::Applied(_)
        | Answer::Confirmed(_)
        | Answer::Traced(_) => {
            Err(Unreachable::new(host, "the answer does not fit the question").into())
        }
    }
}
