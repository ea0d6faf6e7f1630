//! What the desk remembers, in SQLite or in PostgreSQL.
//!
//! [`Store`] is written once, over [`Database`]: a connection that can take the one lock that all servers
//! share. Whatever depends on what others do is read, decided and written under it.

mod address;
mod database;
mod postgres;
mod queue;
mod reading;
mod runs;
mod sqlite;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;

pub use database::{Database, Row, Trouble, Value};
pub use postgres::Postgres;
pub use queue::{Claim, Ending};
pub use reading::{Found, Look};
pub use runs::News;
pub use sqlite::Sqlite;

use crate::Millis;
use std::sync::{Mutex, PoisonError};

/// The schema's number; a database of another one is refused and not guessed at.
const VERSION: i64 = 1;
/// What a database needs to hold. `{ID}` is a number that the database gives.
const SCHEMA: &str = include_str!("schema.sql");

/// Everything that is kept.
pub struct Store {
    database: Mutex<Box<dyn Database>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens a database, and makes its tables where there are none.
    pub fn open(database: Box<dyn Database>) -> Result<Self, Trouble> {
        let store = Self { database: Mutex::new(database) };
        store.locked(prepare)?;
        Ok(store)
    }

    /// The time, by the clock that all servers share.
    pub fn now(&self) -> Result<Millis, Trouble> {
        self.with(|database| database.now())
    }

    /// Asks the database.
    fn with<T>(
        &self,
        ask: impl FnOnce(&mut dyn Database) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        // What panicked while it asked has left a transaction behind at most: `begin` ends it.
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        ask(database.as_mut())
    }

    /// Asks and tells the database while no other server can: all of it, or nothing.
    fn locked<T>(
        &self,
        work: impl FnOnce(&mut dyn Database) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.with(|database| {
            database.begin()?;
            match work(database) {
                Ok(done) => database.commit().map(|()| done),
                Err(trouble) => {
                    // The first trouble is the one to tell; `begin` would end what is left of it.
                    drop(database.rollback());
                    Err(trouble)
                }
            }
        })
    }
}

fn prepare(database: &mut dyn Database) -> Result<(), Trouble> {
    for statement in SCHEMA.split(";\n").map(str::trim).filter(|text| !text.is_empty()) {
        database.execute(&statement.replace("{ID}", database.number()), &[])?;
    }
    let found = database.query("SELECT version FROM desk", &[])?;
    match found.first().map(|row| row.int(0)).transpose()? {
        Some(VERSION) => Ok(()),
        None => {
            database.execute("INSERT INTO desk (version) VALUES ($1)", &[VERSION.into()])?;
            Ok(())
        }
        Some(other) => Err(Trouble::new(format!(
            "the database is of version {other}, this program knows {VERSION}: use the program that made it"
        ))),
    }
}
