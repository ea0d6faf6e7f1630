//! On which hosts something is: named one by one, or by what they do.

use super::{Host, Role};
use crate::names::Names;
use crate::table::Id;
use crate::value::{Value, Wrong, unexpected};
use toml::de::DeValue;

/// A host, or every host with a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum On {
    /// This one.
    Host(Id<Host>),
    /// Every host that does this.
    Role(Role),
}

impl On {
    /// Does a list of these speak of a host? An empty one speaks of all.
    pub fn means(list: &[Self], id: Id<Host>, host: &Host) -> bool {
        let meant = |on: &Self| match on {
            Self::Host(one) => *one == id,
            Self::Role(role) => *role == host.role,
        };
        list.is_empty() || list.iter().any(meant)
    }
}

impl Value for On {
    fn expects() -> String {
        "the name of a host, or a role as `role.edge`".into()
    }
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        match text.strip_prefix("role.") {
            Some(role) => {
                let role = DeValue::String(role.into());
                Role::read(&role, names).map(Self::Role)
            }
            None => Id::read(value, names).map(Self::Host),
        }
    }
}
