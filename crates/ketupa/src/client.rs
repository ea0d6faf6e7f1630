//! Asks a server over HTTP, in the way of Prometheus, with a token from a file.

use crate::cli::query::To;
use crate::commands::Error;
use crate::report::plain;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// An answer comes within this time, or not at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// An answer is no longer than this.
const MOST: u64 = 256 << 20;

/// A server, and what opens it.
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(to: &To) -> Result<Self, Error> {
        let base = to.server.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") && !base.starts_with("https://") {
            let says =
                format!("expected http://… or https://… as the server, found `{}`", plain(&base));
            return Err(Error::Usage(says));
        }
        let agent =
            agent::post::agent(&base, to.ca.as_deref(), PATIENCE).map_err(Error::Message)?;
        let token = to.token_file.as_deref().map(token).transpose()?;
        Ok(Self { agent, base, token })
    }

    /// Asks with a form, and gives what is answered as JSON: an answer, and no refusal.
    pub(crate) fn ask(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, Error> {
        Ok(self.asked(path, form)?)
    }

    /// The same, for whoever may ask again.
    pub(crate) fn asked(&self, path: &str, form: &[(&str, &str)]) -> Result<Value, Failed> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let failed = |error: &dyn std::fmt::Display| {
            let base = plain(&self.base);
            let says = format!(
                "{base} does not answer: {error}; --server says where a `ketupa serve` runs"
            );
            Failed { status: None, says }
        };
        let mut answer = request.send_form(form.iter().copied()).map_err(|error| failed(&error))?;
        let status = answer.status();
        let text = answer.body_mut().with_config().limit(MOST).read_to_string();
        let text = text.map_err(|error| failed(&error))?;
        let value = serde_json::from_str::<Value>(&text).unwrap_or_default();
        if status.is_success() && !value.is_null() {
            return Ok(value);
        }
        let scope = if path.starts_with("/loki/") { "logs:read" } else { "metrics:read" };
        let status = status.as_u16();
        let says = refusal(&self.base, status, (&value, scope));
        Err(Failed { status: Some(status), says })
    }
}

/// A question without an answer.
#[derive(Debug)]
pub(crate) struct Failed {
    /// What was answered instead; nothing if nobody did.
    status: Option<u16>,
    says: String,
}

impl Failed {
    /// Whether it may go by itself: a server that starts again, a proxy without one, too many who ask.
    pub(crate) fn passes(&self) -> bool {
        self.status.is_none_or(|status| status == 429 || status >= 500)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed.status {
            // The question is wrong: that is said with the same status where no server is asked.
            Some(400 | 422) => Self::Usage(failed.says),
            Some(_) | None => Self::Message(failed.says),
        }
    }
}

/// What a server says that does not answer, and what to do.
fn refusal(base: &str, status: u16, (value, scope): (&Value, &str)) -> String {
    let why = value.get("error").and_then(Value::as_str).unwrap_or("it says no more");
    let hint = match status {
        401 => format!(
            "; make one with `ketupa token create NAME --scope {scope}`, and name its file with --token-file"
        ),
        403 => format!("; it needs the scope `{scope}`"),
        404 => "; is this the address of a server that has such things?".to_owned(),
        _ => String::new(),
    };
    format!("{} answers with {status}: {}{hint}", plain(base), plain(why))
}

/// The token in a file, which is nobody else's to read.
fn token(path: &Path) -> Result<String, Error> {
    let about = std::fs::metadata(path).map_err(|e| Error::file("read", path, e))?;
    if about.permissions().mode() & 0o007 != 0 {
        let says = format!("others can read {}: chmod o= on it first", path.display());
        return Err(Error::Message(says));
    }
    let text = std::fs::read_to_string(path).map_err(|e| Error::file("read", path, e))?;
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::End;

    #[test]
    fn a_wrong_question_is_misuse_and_what_passes_may_be_asked_again() {
        let failed = |status| Failed { status, says: String::new() };
        for (status, end, passes) in [
            (Some(400), End::Misused, false),
            (Some(422), End::Misused, false),
            (Some(401), End::Broken, false),
            (Some(429), End::Broken, true),
            (Some(503), End::Broken, true),
            (None, End::Broken, true),
        ] {
            assert_eq!(failed(status).passes(), passes, "{status:?}");
            assert_eq!(Error::from(failed(status)).end(), end, "{status:?}");
        }
    }
}
