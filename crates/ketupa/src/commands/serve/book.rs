//! The desk's directory and database.

use crate::cli::serve::Book;
use crate::commands::Error;
use jobs::store::{Database, Postgres, Sqlite, Store};
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Opens what the desk remembers.
pub(super) fn open(book: &Book) -> Result<Store, Error> {
    let says = |trouble: jobs::store::Trouble| Error::Message(trouble.says);
    let database: Box<dyn Database> = match address(book)? {
        Some(address) => Box::new(Postgres::open(&address).map_err(says)?),
        None => Box::new(Sqlite::open(&private(&book.data)?.join("desk.db"), now).map_err(says)?),
    };
    Store::open(database).map_err(says)
}

/// The address of a PostgreSQL. Command lines can be read by everybody on the machine: a password there is
/// refused.
fn address(book: &Book) -> Result<Option<String>, Error> {
    if let Some(address) = &book.database {
        let user = address.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        if user.is_some_and(|(user, _)| user.contains(':')) || address.contains("password") {
            let says = "everybody on this machine can read a command line: put the address with its password \
                        into a file, and name that with --database-file";
            return Err(Error::Usage(says.into()));
        }
        return Ok(Some(address.clone()));
    }
    let Some(file) = &book.database_file else { return Ok(None) };
    let about = std::fs::metadata(file).map_err(|e| Error::file("read", file, e))?;
    if about.permissions().mode() & 0o007 != 0 {
        let says = format!("others can read {}: chmod o= on it first", file.display());
        return Err(Error::Message(says));
    }
    std::fs::read_to_string(file).map(Some).map_err(|e| Error::file("read", file, e))
}

/// Where the runs of this server have their folders. Those of servers that are dead can hold secrets: they go.
pub(super) fn folders(data: &Path) -> Result<PathBuf, Error> {
    let all = private(&private(data)?.join("runs"))?;
    let found = std::fs::read_dir(&all).map_err(|e| Error::file("read", &all, e))?;
    for folder in found.flatten() {
        let server = Path::new("/proc").join(folder.file_name());
        if !server.exists() {
            let path = folder.path();
            std::fs::remove_dir_all(&path).map_err(|e| Error::file("remove", &path, e))?;
        }
    }
    let own = all.join(std::process::id().to_string());
    // One of this number is left of an earlier server.
    drop(std::fs::remove_dir_all(&own));
    private(&own)
}

/// A directory that is this user's alone; made where it is missing.
pub(super) fn private(path: &Path) -> Result<PathBuf, Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|e| Error::file("make", path, e))?;
    path.canonicalize().map_err(|e| Error::file("open", path, e))
}

/// The machine's clock.
fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
