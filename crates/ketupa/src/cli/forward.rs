//! The options of `ketupa serve` that send measurements on to other stores.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Forward {
    /// Send all measurements on to this address by remote write, besides those that `[watch]` names; may be said several times
    #[arg(long = "forward", value_name = "URL", value_parser = url)]
    pub(crate) to: Vec<String>,
    /// First what is here from this time on, such as 2026-01-01T00:00:00Z [default: what comes from now on]
    #[arg(long = "forward-from", value_name = "TIME")]
    pub(crate) from: Option<jiff::Timestamp>,
    /// A file with the token that the others want, as a bearer of it
    #[arg(long = "forward-token-file", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates (PEM) that are believed instead of the system's
    #[arg(long = "forward-ca", value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// The tenant that the others shall keep them for (X-Scope-OrgID, which Mimir asks for)
    #[arg(long = "forward-tenant", value_name = "NAME")]
    pub(crate) tenant: Option<String>,
}

fn url(text: &str) -> Result<String, String> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let fits = ["http", "https"].contains(&scheme) && rest.len() > 1 && rest.contains('/');
    let secret = rest.split('/').next().is_some_and(|host| host.contains('@'));
    if secret {
        return Err("a password has no place here: use --forward-token-file".into());
    }
    let says = "an address with its path is wanted, such as http://127.0.0.1:9090/api/v1/write";
    if fits { Ok(text.to_owned()) } else { Err(says.into()) }
}
