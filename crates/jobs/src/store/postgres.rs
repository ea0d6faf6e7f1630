//! PostgreSQL: several servers share the work, wherever they run.

use super::address::{Address, Way};
use super::tls::{self, Tls};
use super::{Database, Row, Trouble, Value};
use crate::Millis;
use postgres::types::{ToSql, Type};
use postgres::{Client, Config, NoTls};
use std::error::Error as _;
use std::time::Duration;

/// The number of the lock that servers share: any, as long as nothing else in the database has it.
const LOCK: &str = "BEGIN; SELECT pg_advisory_xact_lock(4751003)";
/// Nobody may hold the lock and think: a server that was stopped while it had it loses its connection.
const LIMITS: &str = "SET statement_timeout = '15s'; SET lock_timeout = '15s'; \
    SET idle_in_transaction_session_timeout = '5s'; SET client_min_messages = 'warning'";
/// A database that cannot be heard is given up in seconds.
const CONNECT: Duration = Duration::from_secs(5);
const UNHEARD: Duration = Duration::from_secs(10);
const NOW: &str = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";

/// A database on a server. A connection that broke is made again, but never within a transaction.
pub struct Postgres {
    config: Config,
    /// What a connection is encrypted with, if it is.
    tls: Option<Tls>,
    client: Option<Client>,
    within: bool,
}

impl Postgres {
    /// Connects to where an address leads: `postgres://USER:PASSWORD@HOST/DATABASE`, or one of the other
    /// forms that PostgreSQL knows.
    pub fn open(address: &str) -> Result<Self, Trouble> {
        let Address { mut config, way } = Address::read(address)?;
        let tls = match way {
            Way::Plain => None,
            Way::Tls(roots) => Some(Tls::new(roots.as_deref())?),
        };
        config.application_name("ketupa").connect_timeout(CONNECT).tcp_user_timeout(UNHEARD);
        let mut database = Self { config, tls, client: None, within: false };
        database.client()?;
        Ok(database)
    }

    fn client(&mut self) -> Result<&mut Client, Trouble> {
        let broken = self.client.as_ref().is_none_or(Client::is_closed);
        if broken && self.within {
            return Err(Trouble::new("the connection to the database broke: all of it is undone"));
        }
        if broken {
            let mut client = self.connect().map_err(|error| trouble(&error))?;
            client.batch_execute(LIMITS).map_err(|error| trouble(&error))?;
            self.client = Some(client);
        }
        self.client.as_mut().ok_or_else(|| Trouble::new("the database is not connected"))
    }

    fn connect(&self) -> Result<Client, postgres::Error> {
        match &self.tls {
            Some(tls) => self.config.connect(tls.clone()),
            None => self.config.connect(NoTls),
        }
    }

    fn batch(&mut self, sql: &str) -> Result<(), Trouble> {
        self.client()?.batch_execute(sql).map_err(|error| trouble(&error))
    }
}

impl Database for Postgres {
    fn begin(&mut self) -> Result<(), Trouble> {
        if self.within {
            drop(self.rollback());
        }
        if let Err(trouble) = self.batch(LOCK) {
            // The transaction is open, and takes nothing more.
            drop(self.batch("ROLLBACK"));
            return Err(trouble);
        }
        self.within = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Trouble> {
        let committed = self.batch("COMMIT");
        self.within = false;
        committed
    }

    fn rollback(&mut self) -> Result<(), Trouble> {
        let undone = self.batch("ROLLBACK");
        self.within = false;
        undone
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble> {
        let client = self.client()?;
        client.execute(sql, &parameters(values)).map_err(|error| trouble(&error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble> {
        let client = self.client()?;
        let rows = client.query(sql, &parameters(values)).map_err(|error| trouble(&error))?;
        rows.iter().map(row).collect()
    }

    fn now(&mut self) -> Result<Millis, Trouble> {
        let rows = self.query(NOW, &[])?;
        rows.first().ok_or_else(|| Trouble::new("the database has no clock"))?.int(0)
    }

    fn number(&self) -> &'static str {
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(parameter).collect()
}

fn parameter(value: &Value) -> &(dyn ToSql + Sync) {
    match value {
        Value::Int(number) => number,
        Value::Text(text) => text,
        Value::Null => &None::<i64>,
    }
}

fn row(row: &postgres::Row) -> Result<Row, Trouble> {
    let value = |(at, column): (usize, &postgres::Column)| {
        let read = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at).map(|number| number.map(Value::Int)),
            _ => row.try_get::<_, Option<String>>(at).map(|text| text.map(Value::Text)),
        };
        read.map(|value| value.unwrap_or(Value::Null)).map_err(|error| trouble(&error))
    };
    row.columns().iter().enumerate().map(value).collect::<Result<_, _>>().map(Row)
}

/// What the database said: its own words are in the cause.
fn trouble(error: &postgres::Error) -> Trouble {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let advice = tls::advice(error).unwrap_or_default();
    Trouble::new(format!("the database refused: {error}{cause}{advice}"))
}
