//! SQLite: one file, one server or a few on one machine.

use super::{Database, Row, Trouble, Value};
use crate::Millis;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, params_from_iter};
use std::path::Path;
use std::time::Duration;

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_secs(15);

/// A database in a file.
pub struct Sqlite {
    connection: Connection,
    now: fn() -> Millis,
}

impl Sqlite {
    /// Opens the file, and makes it where there is none. `now` is the machine's clock.
    pub fn open(path: &Path, now: fn() -> Millis) -> Result<Self, Trouble> {
        let says = |error| Trouble::new(format!("cannot open {}: {error}", path.display()));
        Self::with(Connection::open(path).map_err(says)?, now).map_err(says)
    }

    /// A database that is gone when it is closed.
    pub fn in_memory(now: fn() -> Millis) -> Result<Self, Trouble> {
        Self::with(Connection::open_in_memory().map_err(trouble)?, now).map_err(trouble)
    }

    fn with(connection: Connection, now: fn() -> Millis) -> rusqlite::Result<Self> {
        connection.busy_timeout(PATIENCE)?;
        // Readers do not wait for the writer; a commit is on the disk.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        Ok(Self { connection, now })
    }

    /// `$1` is a parameter's number in PostgreSQL; in SQLite `?1` is.
    fn prepared(&self, sql: &str) -> Result<Statement<'_>, Trouble> {
        self.connection.prepare(&sql.replace('$', "?")).map_err(trouble)
    }

    fn batch(&self, sql: &str) -> Result<(), Trouble> {
        self.connection.execute_batch(sql).map_err(trouble)
    }
}

impl Database for Sqlite {
    fn begin(&mut self) -> Result<(), Trouble> {
        if !self.connection.is_autocommit() {
            self.rollback()?;
        }
        self.batch("BEGIN IMMEDIATE")
    }

    fn commit(&mut self) -> Result<(), Trouble> {
        self.batch("COMMIT")
    }

    fn rollback(&mut self) -> Result<(), Trouble> {
        self.batch("ROLLBACK")
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        let mut statement = self.prepared(sql)?;
        let changed = statement.execute(params_from_iter(values)).map_err(trouble)?;
        Ok(changed as u64)
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        let mut statement = self.prepared(sql)?;
        let columns = statement.column_count();
        let mut found = statement.query(params_from_iter(values)).map_err(trouble)?;
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(trouble)? {
            let value = |at| row.get_ref(at).map(value_of).map_err(trouble);
            rows.push(Row((0..columns).map(value).collect::<Result<_, _>>()?));
        }
        Ok(rows)
    }

    fn now(&mut self) -> Result<Millis, Trouble> {
        Ok((self.now)())
    }

    fn number(&self) -> &'static str {
        // AUTOINCREMENT: a number that is gone never comes again.
        "INTEGER PRIMARY KEY AUTOINCREMENT"
    }
}

fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Value::Null,
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Null => ValueRef::Null,
        }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn trouble(error: rusqlite::Error) -> Trouble {
    Trouble::new(format!("the database refused: {error}"))
}
