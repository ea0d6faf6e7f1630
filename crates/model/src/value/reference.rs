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

/// Where `ssh` finds a host: a name of the operator's configuration or an address, with `user@` before
/// it where it is not the usual user. It becomes a word of a command: nothing else can stand in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct SshDestination(pub String);

impl Value for SshDestination {
    fn expects() -> String {
        "a name or address for ssh such as \"edge-01\", \"ops@192.0.2.1\" or \"2001:db8::1\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<Self>(value))?;
        let (user, place) = text.split_once('@').unwrap_or(("root", text));
        // A word that begins with `-` would be an option of ssh, or of what it starts.
        let word = |word: &str, more: &str| {
            let fine = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
            (1..=253).contains(&word.len()) && !word.starts_with('-') && word.chars().all(fine)
        };
        if !word(user, "-_.") || !word(place, "-_.:%") {
            let hint = "a port, a jump host or a key stands in your ssh_config";
            return Err(unexpected::<Self>(value).hint(hint));
        }
        Ok(Self(text.to_owned()))
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
