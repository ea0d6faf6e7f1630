//! The way to the server: requests with a token, and what its answers mean for whoever waits to send more.

use jiff::Timestamp;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Debian's bundle of the authorities that it believes.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";
/// A request is made and answered within this time.
const PATIENCE: Duration = Duration::from_secs(30);
/// A connection is made within this time.
const CONNECT: Duration = Duration::from_secs(10);
/// Of what a server says against a request, as much is told.
const SAYS: u64 = 300;
/// Clocks that differ by more do not agree. A server takes what is ten minutes ahead of its own.
const APART: Duration = Duration::from_secs(300);
/// No server makes anybody wait for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Went {
    /// The server has it.
    Taken,
    /// It does not have it now; the same may be sent again, after this time if one is said.
    Later(Option<Duration>, String),
    /// Nobody answered, or not to the end: whether the server has it is unknown.
    Broken(String),
    /// It refuses it, while its clock and the one here are so far apart that it may take it once they agree.
    Disputed(String),
    /// It is too much at once.
    Smaller(String),
    /// The server will never take it.
    Never(String),
}

/// Connections to one server.
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<PathBuf>,
}

impl Client {
    /// A way to the server; certificates are read now, the token whenever it is needed.
    pub fn new(url: &str, token_file: Option<PathBuf>, ca: Option<&Path>) -> Result<Self, String> {
        let base = url.trim_end_matches('/').to_owned();
        let agent = agent(&base, ca, PATIENCE)?;
        Ok(Self { agent, base, token: token_file })
    }

    /// Sends a body to a path below the server's address.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Went {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        match self.token() {
            Ok(Some(token)) => request = request.header("Authorization", format!("Bearer {token}")),
            Ok(None) => {}
            Err(why) => return Went::Later(None, why),
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        match request.send(body) {
            Ok(answer) => went(answer),
            Err(error) => Went::Broken(format!("{}: {error}", self.base)),
        }
    }

    /// The token is read each time: one that was replaced counts at once.
    fn token(&self) -> Result<Option<String>, String> {
        let Some(path) = &self.token else { return Ok(None) };
        let text = crate::tree::plain_text(path)
            .map_err(|error| format!("cannot read the token in {}: {error}", path.display()))?;
        Ok(Some(text.trim().to_owned()))
    }
}

/// Something that makes requests, without redirects and proxies: what is told to go elsewhere is not
/// where it was meant to go.
pub fn agent(url: &str, ca: Option<&Path>, patience: Duration) -> Result<ureq::Agent, String> {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent(concat!("ketupa-agent/", env!("CARGO_PKG_VERSION")))
        .timeout_global(Some(patience))
        .timeout_connect(Some(CONNECT.min(patience)))
        .max_idle_connections(1)
        .input_buffer_size(16 * 1024)
        .output_buffer_size(16 * 1024);
    if url.starts_with("https://") {
        let certificates = certificates(ca.unwrap_or(Path::new(SYSTEM)))?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(certificates))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        config = config.tls_config(tls);
    }
    Ok(config.build().new_agent())
}

fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let text = crate::tree::plain_text(path).map_err(|error| {
        format!(
            "cannot read certificates to believe: {}: {error}; install ca-certificates, or name a file as `ca`",
            path.display()
        )
    })?;
    let certificates: Vec<_> = parse_pem(text.as_bytes())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            Ok(_) | Err(_) => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(format!("{} has no certificate (PEM)", path.display()));
    }
    Ok(certificates)
}

/// What an answer means. Only what speaks of the body is final: a wrong token, a wrong path or a door
/// in between are mended by people, and what waits for them shall not be thrown away.
fn went(mut answer: ureq::http::Response<ureq::Body>) -> Went {
    let status = answer.status();
    let apart = answer.headers().get("date").and_then(|value| value.to_str().ok());
    let apart = apart.and_then(|there| apart_by(there, Timestamp::now()));
    let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
    let mut said = Vec::new();
    // The answer is read to its end so that the connection serves again. One that is cut off says
    // enough by its status.
    drop(answer.body_mut().as_reader().take(SAYS).read_to_end(&mut said));
    let said = String::from_utf8_lossy(&said).replace(char::is_control, " ");
    let says = format!("the server answered {status}: {}", said.trim());
    let says = apart.as_ref().map_or(says.clone(), |apart| format!("{apart}; {says}"));
    match status.as_u16() {
        200..=299 => Went::Taken,
        400 | 422 if apart.is_some() => Went::Disputed(says),
        400 | 422 => Went::Never(says),
        413 => Went::Smaller(says),
        _ => Went::Later(wait.map(|wait| wait.min(LONGEST_WAIT)), says),
    }
}

/// How far the clock that an answer tells is from the one here, in words, if they do not agree.
fn apart_by(there: &str, here: Timestamp) -> Option<String> {
    let there = jiff::fmt::rfc2822::parse(there).ok()?.timestamp();
    let apart = there.duration_since(here).unsigned_abs();
    (apart > APART).then(|| {
        let seconds = apart.as_secs();
        format!("the server's clock says {there:.0} and the one here {here:.0}, {seconds} s apart")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_do_not_agree_are_both_named() {
        let here: Timestamp = "2026-11-26T11:00:00.5Z".parse().expect("a time");
        assert_eq!(apart_by("Thu, 26 Nov 2026 11:04:00 GMT", here), None);
        assert_eq!(apart_by("Thu, 26 Nov 2026 10:56:00 GMT", here), None);
        assert_eq!(
            apart_by("Thu, 26 Nov 2026 09:00:00 GMT", here).as_deref(),
            Some(
                "the server's clock says 2026-11-26T09:00:00Z and the one here 2026-11-26T11:00:00Z, 7200 s apart"
            )
        );
        assert!(apart_by("Thu, 01 Jan 1970 00:00:09 GMT", here).is_some());
        assert_eq!(apart_by("soon", here), None, "a clock that is not told is not in doubt");
    }
}
