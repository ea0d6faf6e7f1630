//! What is asked of the executor and what it answers: plain data. Touches nothing.

mod bytes;
mod orders;
mod record;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use orders::{
    Boot, Command, Confirmed, Content, DirectoryOrder, End, FileOrder, Guard, Hold, HoldOrder,
    NewFile, NewGroup, NewUser, Orders, Outcome, Sort, Then, UnitOrder, UserOrder, UserThen, Verb,
};
pub use record::{Ending, Origin, Record, Revision};
pub use seen::{
    Accounts, Entry, FileEntry, Observe, Owned, OwnedFile, OwnedUser, Package, Rights, SHUT, Seen,
    UnitState, User,
};

/// One question or order, in one frame.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, read once and used up")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// What is there?
    Observe(Observe),
    /// The texts of these files, whatever they hold.
    Read {
        /// Absolute paths.
        paths: BTreeSet<String>,
    },
    /// Finish or undo a change that was interrupted; nothing else.
    Recover,
    /// Bring the host to this state, or leave it as it was.
    Apply(Orders),
    /// Let a change stand that awaits it: see [`Guard`].
    Confirm {
        /// The guard's name.
        id: String,
    },
    /// Who touched these files and packages last, as far as the host knows.
    Trace {
        /// Absolute paths.
        paths: BTreeSet<String>,
        /// Debian packages.
        packages: BTreeSet<String>,
    },
    /// What was done here before: the last changes.
    History {
        /// No more than so many.
        most: u32,
    },
}

/// In what is said of an undoing: what follows could not be put back.
pub const BUT: &str = ", but: ";

/// The answer to one [`Request`].
#[expect(clippy::large_enum_variant, reason = "there is one at a time, read once and used up")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To [`Request::Observe`].
    Observed(Seen),
    /// To [`Request::Read`]: an entry for every path asked.
    Texts(BTreeMap<String, Entry>),
    /// To [`Request::Recover`]: what was done, if anything had to be.
    Recovered(Result<Option<String>, String>),
    /// To [`Request::Apply`].
    Applied(Outcome),
    /// To [`Request::Confirm`].
    Confirmed(Confirmed),
    /// To [`Request::Trace`]: a sentence for each path and package of which something is known.
    Traced(BTreeMap<String, String>),
    /// To [`Request::History`]: oldest first.
    History(Vec<Record>),
    /// The request was not understood or not allowed; nothing was done.
    Refused {
        /// One sentence for people.
        why: String,
    },
}
