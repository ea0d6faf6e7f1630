//! What the store promises, held over SQLite and over a real PostgreSQL.

mod promises;
mod servers;
mod tls;

use super::{Database, Sqlite, Store};
use crate::{Asked, Cause, Millis};

/// The clock of what runs in memory: each call says its own time.
fn no_clock() -> Millis {
    0
}

/// A store in memory.
fn memory() -> Store {
    let database = Sqlite::in_memory(no_clock).expect("SQLite is built in");
    Store::open(Box::new(database)).expect("an empty database takes the tables")
}

/// Several connections to one database, as several servers have them.
fn connections(mut open: impl FnMut() -> Box<dyn Database>, count: usize) -> Vec<Store> {
    (0..count).map(|_| Store::open(open()).expect("the tables are there")).collect()
}

/// A run of a job, asked for by somebody.
fn asked(job: &str) -> Asked {
    Asked {
        job: job.to_owned(),
        group: job.to_owned(),
        cause: Cause::Api,
        who: "somebody".into(),
        parameters: [("release".to_owned(), "bookworm".to_owned())].into(),
        not_before: 0,
    }
}
