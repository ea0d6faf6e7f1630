//! What things cost.

use super::{Host, Kind, Provider};
use crate::fields::{At, Fields};
use crate::table::{Id, Named};
use crate::value::{Cents, Word};
use jiff::civil::Date;

/// Something that is paid for again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The host that it pays.
    pub host: Option<Id<Host>>,
    /// Who is paid.
    pub provider: Option<Id<Provider>>,
    /// The amount of one period.
    pub amount: Cents,
    /// How often it is paid. Default: `month`.
    pub every: Period,
    /// The next renewal.
    pub renews: Option<Date>,
    /// Where it is declared.
    pub at: At,
}

/// How often a cost returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// Every month.
    Month,
    /// Every year.
    Year,
}

impl Word for Period {
    const WORDS: &'static [(&'static str, Self)] = &[("month", Self::Month), ("year", Self::Year)];
}

impl Named for Cost {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Cost {
    const KIND: &'static str = "cost";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            host: fields.get("host"),
            provider: fields.get("provider"),
            amount: fields.need("amount"),
            every: fields.or("every", Period::Month),
            renews: fields.get("renews"),
            at: fields.at(),
        }
    }
}
