//! Where a PostgreSQL is, and how the way there is protected, as its address says it.

use super::Trouble;
use postgres::Config;
use postgres::config::{Host, SslMode};
use std::path::PathBuf;

/// What the address of a database means.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) way: Way,
}

/// How what is said on the way is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Not at all: nobody can listen there, or the address says so.
    Plain,
    /// By TLS; the file has the certificates that are believed instead of the system's.
    Tls(Option<PathBuf>),
}

impl Address {
    /// Reads an address in one of the forms that PostgreSQL knows. Beyond this machine it is TLS unless
    /// the address says otherwise.
    pub(super) fn read(text: &str) -> Result<Self, Trouble> {
        // The address can hold a password: it is not repeated.
        let odd = "the address of the database is none: write postgres://USER@HOST/DATABASE";
        let (rest, own) = take(text.trim());
        let mut config: Config = rest.parse().map_err(|_| Trouble::new(odd))?;
        let value = |name| own.iter().rev().find(|(own, _)| own == name).map(|(_, v)| v.as_str());
        let roots = value("sslrootcert").filter(|file| *file != "system").map(PathBuf::from);
        let secured = match value("sslmode") {
            Some("disable") => false,
            Some("require" | "verify-full") => true,
            Some("allow" | "prefer") | None => roots.is_some() || is_far(&config),
            Some(_) => {
                return Err(Trouble::new(
                    "the address of the database has an `sslmode` that is not known here: write verify-full, \
                     which is what require means here too, or disable",
                ));
            }
        };
        config.ssl_mode(if secured { SslMode::Require } else { SslMode::Disable });
        Ok(Self { config, way: if secured { Way::Tls(roots) } else { Way::Plain } })
    }
}

/// Whether somebody can listen on the way.
fn is_far(config: &Config) -> bool {
    let far_host = |host: &Host| match host {
        Host::Unix(_) => false,
        Host::Tcp(name) => {
            let address = name.parse::<std::net::IpAddr>();
            name != "localhost" && !address.is_ok_and(|address| address.is_loopback())
        }
    };
    config.get_hosts().iter().any(far_host)
        || config.get_hostaddrs().iter().any(|address| !address.is_loopback())
}

/// A name and its value.
type Pair = (String, String);

/// Takes out of an address what is read here and not by the driver.
fn take(address: &str) -> (String, Vec<Pair>) {
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme));
    if !is_url {
        let (own, rest): (Vec<&str>, Vec<&str>) = words(address).into_iter().partition(is_own);
        let plain = |value: &str| value.replace(['\'', '\\'], "");
        return (rest.join(" "), own.iter().filter_map(|word| pair(word, plain)).collect());
    }
    let Some((place, query)) = address.rsplit_once('?') else {
        return (address.to_owned(), Vec::new());
    };
    let (own, rest): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_own);
    let rest = rest.join("&");
    let rest = if rest.is_empty() { place.to_owned() } else { format!("{place}?{rest}") };
    (rest, own.iter().filter_map(|word| pair(word, decoded)).collect())
}

fn is_own(word: &&str) -> bool {
    word.starts_with("sslmode=") || word.starts_with("sslrootcert=")
}

fn pair(word: &str, read: impl Fn(&str) -> String) -> Option<Pair> {
    word.split_once('=').map(|(name, value)| (name.to_owned(), read(value)))
}

/// The words of an address; a space within quotes or behind `\` ends none.
fn words(address: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let ends_word = |letter: char| {
        let ends = letter.is_whitespace() && !quoted && !escaped;
        quoted ^= letter == '\'' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    };
    address.split(ends_word).filter(|word| !word.is_empty()).collect()
}

/// A value of a URL: `%2F` is a `/`.
fn decoded(value: &str) -> String {
    let mut parts = value.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        match (code, part.get(2..)) {
            (Some(code), Some(rest)) => {
                bytes.push(code);
                bytes.extend_from_slice(rest.as_bytes());
            }
            _ => bytes.extend_from_slice(format!("%{part}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Address, Way};

    fn way(address: &str) -> Way {
        Address::read(address).unwrap_or_else(|trouble| panic!("{address}: {trouble}")).way
    }

    #[test]
    fn beyond_this_machine_it_is_tls_unless_the_address_says_otherwise() {
        let own = Way::Tls(Some("/etc/my ca.pem".into()));
        for (address, wanted) in [
            ("postgres://a@localhost/db", Way::Plain),
            ("postgres://a@127.0.0.1/db", Way::Plain),
            ("host=/run/postgresql user=a", Way::Plain),
            ("postgres://a@db.example/db", Way::Tls(None)),
            ("postgres://a@db.example/db?sslmode=prefer", Way::Tls(None)),
            ("postgres://a@db.example/db?sslmode=disable", Way::Plain),
            ("host=localhost hostaddr=192.0.2.1 user=a", Way::Tls(None)),
            ("postgres://a@localhost/db?sslmode=require", Way::Tls(None)),
            ("postgresql://a@db.example/db?sslrootcert=system&sslmode=verify-full", Way::Tls(None)),
            ("postgres://a@db/db?connect_timeout=3&sslrootcert=%2Fetc%2Fmy%20ca.pem", own.clone()),
            ("host=db user=a sslmode=verify-full sslrootcert='/etc/my ca.pem'", own),
            ("host=localhost user=a password='x sslmode=disable' sslmode=require", Way::Tls(None)),
        ] {
            assert_eq!(way(address), wanted, "{address}");
        }
    }

    #[test]
    fn the_rest_of_an_address_stays_as_it_was() {
        let read = Address::read(r"host=db user=a password='s\' sslmode=x' sslmode=require");
        let read = read.expect("it is right");
        assert_eq!(read.config.get_password(), Some(&b"s' sslmode=x"[..]));
        let url = Address::read("postgres://a:p%3Fq@db.example:7/name?sslmode=disable&options=x");
        let url = url.expect("it is right").config;
        assert_eq!((url.get_password(), url.get_ports()), (Some(&b"p?q"[..]), &[7][..]));
        assert_eq!((url.get_dbname(), url.get_options()), (Some("name"), Some("x")));
    }

    #[test]
    fn what_is_no_address_is_told_without_its_password() {
        for address in
            ["postgres://a:secret@db/x?sslmode=verify-ca", "sslmode=secret", "secret=1 x"]
        {
            let says = Address::read(address).expect_err(address).says;
            assert!(!says.contains("secret") && says.contains("write"), "{says}");
        }
    }
}
