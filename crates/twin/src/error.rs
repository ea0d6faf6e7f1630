//! What went wrong outside: the act, its object, and the cause.

use std::error::Error as StdError;
use std::fmt;

/// An act on the world that failed; [`StdError::source`] has the cause.
pub struct Error {
    says: String,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure without a deeper cause.
    pub(crate) fn new(says: impl Into<String>) -> Self {
        Self { says: says.into(), cause: None }
    }

    /// The act and all its causes on one line.
    pub fn chain(&self) -> String {
        let mut line = self.says.clone();
        let mut next = self.source();
        while let Some(cause) = next {
            line = format!("{line}: {cause}");
            next = cause.source();
        }
        line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

/// Names the act that a foreign error interrupted.
pub(crate) trait Doing<T> {
    /// `says` completes the sentence "cannot …".
    fn doing(self, says: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> Doing<T> for std::result::Result<T, E> {
    fn doing(self, says: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Error {
            says: format!("cannot {}", says()),
            cause: Some(cause.into()),
        })
    }
}
