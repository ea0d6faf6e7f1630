//! Where secrets come from: `pass:NAME`, `age:FILE`, `env:NAME`.
#![expect(clippy::disallowed_methods, reason = "secrets come from the operator's own programs")]

use crate::program::{Program, Programs};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A place that knows what stands behind the marks of a tree: secrets by their references, programs by
/// their names.
pub trait Vault: Sync {
    /// The secret behind `reference`.
    fn reveal(&self, reference: &str) -> Result<String, NoSecret>;

    /// The program of this name; the error is a sentence.
    fn program(&self, name: &str) -> Result<Program, String> {
        Err(format!("nobody here has the program {name}"))
    }
}

/// A secret that could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSecret {
    /// Its reference.
    pub reference: String,
    /// Why not.
    pub why: String,
}

impl NoSecret {
    /// `reference` could not be resolved, and why.
    pub fn new(reference: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { reference: reference.into(), why: why.to_string() }
    }
}

impl fmt::Display for NoSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "no secret for {}: {}", self.reference, self.why)
    }
}

impl std::error::Error for NoSecret {}

/// The operator's own secrets. Each is asked for once, one at a time: a key's owner may have to type.
#[derive(Default)]
pub struct Keys {
    /// The age identity file, where it is not age's own affair.
    identity: Option<PathBuf>,
    known: Mutex<BTreeMap<String, String>>,
    programs: Option<Programs>,
}

impl Keys {
    /// Secrets from `pass`, from the environment, and from age files opened with `identity`.
    pub fn new(identity: Option<PathBuf>) -> Self {
        Self { identity, known: Mutex::default(), programs: None }
    }

    /// The same, with programs.
    #[must_use]
    pub fn with_programs(self, programs: Programs) -> Self {
        Self { programs: Some(programs), ..self }
    }

    fn ask(&self, reference: &str) -> Result<String, NoSecret> {
        let lacks = |why: String| NoSecret::new(reference, why);
        let (scheme, name) = reference.split_once(':').unwrap_or((reference, ""));
        if name.is_empty() || name.starts_with('-') {
            return Err(lacks("a reference looks like pass:NAME, age:FILE or env:NAME".into()));
        }
        let secret = match scheme {
            // By its users' habit the first line is the secret and notes may follow.
            "pass" => run("pass", &["show", "--", name]).map(|text| first_line(&text)),
            "age" => self.open_age(name),
            "env" => std::env::var(name).map_err(|error| error.to_string()),
            other => Err(format!("secrets do not come from {other:?}")),
        };
        match secret.map_err(lacks)?.trim_end_matches(['\n', '\r']) {
            "" => Err(lacks("it is empty".into())),
            secret => Ok(secret.to_owned()),
        }
    }

    fn open_age(&self, file: &str) -> Result<String, String> {
        match &self.identity {
            Some(identity) => {
                run("age", &["--decrypt", "--identity", &identity.to_string_lossy(), "--", file])
            }
            None => run("age", &["--decrypt", "--", file]),
        }
    }
}

impl Vault for Keys {
    fn reveal(&self, reference: &str) -> Result<String, NoSecret> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = known.get(reference) {
            return Ok(secret.clone());
        }
        let secret = self.ask(reference)?;
        known.insert(reference.to_owned(), secret.clone());
        Ok(secret)
    }

    fn program(&self, name: &str) -> Result<Program, String> {
        let programs = self.programs.as_ref();
        programs.ok_or_else(|| format!("nobody here has the program {name}"))?.find(name)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Keys").field("identity", &self.identity).finish_non_exhaustive()
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("cannot run {program}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("{program} failed ({}): {said}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{program} gave no text"))
}
