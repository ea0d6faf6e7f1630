//! What a database must be able to do, and the values that go in and out.

use crate::Millis;

/// One connection. Parameters of statements are `$1`, `$2`, …
pub trait Database: Send {
    /// Begins a transaction that holds the lock of all servers; ends one that was left open.
    fn begin(&mut self) -> Result<(), Trouble>;
    /// Makes what was done in it stay.
    fn commit(&mut self) -> Result<(), Trouble>;
    /// Undoes it.
    fn rollback(&mut self) -> Result<(), Trouble>;
    /// Changes something; how many rows it was.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Trouble>;
    /// Asks for rows.
    fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Trouble>;
    /// The time by the clock that all servers share.
    fn now(&mut self) -> Result<Millis, Trouble>;
    /// How a column is declared whose numbers the database gives.
    fn number(&self) -> &'static str;
}

/// The database did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What was tried, and why not.
    pub says: String,
}

impl Trouble {
    /// It did not, for this reason.
    pub fn new(says: impl Into<String>) -> Self {
        Self { says: says.into() }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for Trouble {}

/// A value in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Int(i64),
    /// Text, without the character zero: not every database holds it.
    Text(String),
    /// Nothing; as a parameter, no number.
    Null,
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.replace('\0', "\u{fffd}"))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Int)
    }
}

/// The values of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// The number in a column.
    pub fn int(&self, at: usize) -> Result<i64, Trouble> {
        self.maybe_int(at)?.ok_or_else(|| odd(at))
    }

    /// The number in a column, if there is one.
    pub fn maybe_int(&self, at: usize) -> Result<Option<i64>, Trouble> {
        match self.0.get(at) {
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            Some(Value::Text(_)) | None => Err(odd(at)),
        }
    }

    /// The text in a column.
    pub fn text(&self, at: usize) -> Result<String, Trouble> {
        self.maybe_text(at)?.ok_or_else(|| odd(at))
    }

    /// The text in a column, if there is one.
    pub fn maybe_text(&self, at: usize) -> Result<Option<String>, Trouble> {
        match self.0.get(at) {
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_)) | None => Err(odd(at)),
        }
    }
}

fn odd(at: usize) -> Trouble {
    Trouble::new(format!("the database holds something else than expected in column {at}"))
}
