//! Places and the companies that own them.

use super::Kind;
use crate::fields::{At, Fields};
use crate::table::{Id, Named};

/// A place: a data centre, a cabinet, a member's cellar. A site can be lost as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// What it is, for people.
    pub description: Option<String>,
    /// City.
    pub city: Option<String>,
    /// ISO 3166 country code, such as `BE`.
    pub country: Option<String>,
    /// Who owns it.
    pub provider: Option<Id<Provider>>,
    /// Where it is declared.
    pub at: At,
}

/// A company that hosts or sells something to the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name.
    pub name: String,
    /// What it does for us.
    pub description: Option<String>,
    /// Its web address.
    pub url: Option<String>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Site {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Site {
    const KIND: &'static str = "site";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            city: fields.get("city"),
            country: fields.get("country"),
            provider: fields.get("provider"),
            at: fields.at(),
        }
    }
}

impl Named for Provider {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Provider {
    const KIND: &'static str = "provider";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            description: fields.get("description"),
            url: fields.get("url"),
            at: fields.at(),
        }
    }
}
