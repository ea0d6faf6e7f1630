//! Names of secrets and of other objects.

use super::{Value, Wrong, shorten, unexpected};
use crate::names::Names;
use crate::table::Id;
use serde::Serialize;
use toml::de::DeValue;

/// A reference to a secret: never the secret itself. Resolved on the operator's machine at apply time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Secret(pub String);

impl Value for Secret {
    fn expects() -> String {
        "a secret's name such as \"pass:infra/bgp/verixi\", \"age:FILE\" or \"env:NAME\"".into()
    }
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let text = String::read(value, names).unwrap_or_default();
        let (store, name) = text.split_once(':').unwrap_or_default();
        let known = matches!(store, "pass" | "age" | "env");
        let fine = |c: char| c.is_ascii_alphanumeric() || "-_./@".contains(c);
        if !known || name.is_empty() || !name.chars().all(fine) || name.contains("..") {
            // What was written may be the secret itself: it is not repeated.
            return Err(Wrong {
                code: crate::finding::UNQUOTED,
                says: format!("expected {}", Self::expects()),
                hint: Some("put the secret in the password store and write its name here".into()),
            });
        }
        Ok(Self(text))
    }
}

/// A reference by name to an object of another kind.
impl<T: crate::kinds::Kind> Value for Id<T> {
    fn expects() -> String {
        let article = if T::KIND.starts_with(['a', 'i', 'u']) { "an" } else { "a" };
        format!("the name of {article} {}", T::KIND)
    }
    fn read(value: &DeValue<'_>, names: &Names) -> Result<Self, Wrong> {
        let name = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        if let Some(index) = names.index(T::KIND, name) {
            return Ok(Self::new(index));
        }
        let kind = T::KIND;
        let says = format!("there is no {kind} named `{}`", shorten(name));
        let wrong = Wrong { code: "M-REFERENCE", says, hint: None };
        let bare = name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
        if let Some(bare) = bare.filter(|bare| names.index(kind, bare).is_some()) {
            return Err(wrong.hint(format!("write `{bare}`: only a {kind} can stand here")));
        }
        Err(match names.nearest(&[kind], name) {
            Some(near) => wrong.hint(format!("did you mean `{near}`?")),
            None => wrong.hint(format!("declare it: [{kind}.{}]", shorten(name))),
        })
    }
}
