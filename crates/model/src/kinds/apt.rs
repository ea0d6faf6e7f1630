//! Debian packages beyond those that components bring, and where they come from.

use super::{Kind, On};
use crate::fields::{At, Fields};
use crate::table::Named;
use crate::value::{ArmoredKey, DebianVersion, PackageName, RepositoryUrl, SuiteName};

/// A Debian package on hosts; or the version of one that a component brings.
///
/// ```toml
/// [package.bird2]
/// version = "2.0.12-7"
/// on      = ["role.edge"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What Debian calls it, where that cannot stand in a header. Default: NAME.
    pub package: PackageName,
    /// The version that it must have. A repository must still have it.
    pub version: Option<DebianVersion>,
    /// Whether it is held, so that no upgrade touches it. Default: true with a version, else false.
    pub hold: bool,
    /// Where it is: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Package {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Package {
    const KIND: &'static str = "package";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        let version: Option<DebianVersion> = fields.get("version");
        Self {
            name: name.to_owned(),
            package: fields.or("package", PackageName(name.to_owned())),
            hold: fields.or("hold", version.is_some()),
            version,
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}

/// A repository of Debian packages, with the key that signs it and may sign nothing else.
///
/// It is read once when it changes; a host where that fails stays as it is.
///
/// ```toml
/// [repository.nlnetlabs]
/// url        = "https://packages.nlnetlabs.nl/linux/debian"
/// suite      = "bookworm"
/// components = ["main"]
/// key        = """
/// -----BEGIN PGP PUBLIC KEY BLOCK-----
/// mDMEY0example
/// -----END PGP PUBLIC KEY BLOCK-----
/// """
/// on         = ["role.validator"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name: that of its files below `/etc/apt`.
    pub name: String,
    /// Where it is.
    pub url: RepositoryUrl,
    /// Its suite; one that ends in `/` has no components.
    pub suite: SuiteName,
    /// Its components. Default: none.
    pub components: Vec<SuiteName>,
    /// The key that signs it.
    pub key: ArmoredKey,
    /// Where it is used: hosts, or roles as `role.edge`. Default: on every host that Ketupa configures.
    pub on: Vec<On>,
    /// Where it is declared.
    pub at: At,
}

impl Named for Repository {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Kind for Repository {
    const KIND: &'static str = "repository";

    fn read(name: &str, fields: &mut Fields<'_>) -> Self {
        Self {
            name: name.to_owned(),
            url: fields.need("url"),
            suite: fields.need("suite"),
            components: fields.list("components"),
            key: fields.need("key"),
            on: fields.list("on"),
            at: fields.at(),
        }
    }
}
