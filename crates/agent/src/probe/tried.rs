//! One try of one probe, and what came of it.

use super::resolve::resolve;
use super::stream::{Timed, left};
use super::tls::{self, Chain};
use super::{Asks, Probe, dns, held, http, icmp, smtp};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What came of one try.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tried {
    /// Why it failed, if it did.
    pub wrong: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// How long it took to find the address.
    pub resolved: Duration,
    /// The address that was asked.
    pub asked: Option<IpAddr>,
    /// How long an echo was under way.
    pub echo: Option<Duration>,
    /// The status of a page.
    pub status: Option<u16>,
    /// When the first certificate of a chain ends, in Unix time.
    pub ends: Option<i64>,
    /// Whether a page had the text.
    pub contains: Option<bool>,
    /// How many records a name has.
    pub records: Option<u16>,
    /// Whether this host holds one of the addresses.
    pub held: Option<bool>,
}

/// Tries once; it takes no longer than the probe allows.
pub fn once(probe: &Probe) -> Tried {
    let begin = Instant::now();
    let mut tried = Tried::default();
    let went = ask(probe, begin + probe.timeout(), &mut tried);
    tried.took = begin.elapsed();
    tried.wrong = went.err();
    if tried.wrong.is_none() && tried.took > probe.timeout() {
        tried.wrong = Some(format!("took longer than {} s", probe.timeout().as_secs()));
    }
    tried
}

fn ask(probe: &Probe, until: Instant, tried: &mut Tried) -> Result<(), String> {
    if probe.asks == Asks::Held {
        let own = held::all()?;
        tried.held = Some(probe.addresses.iter().any(|address| own.contains(address)));
        return Ok(());
    }
    let begin = Instant::now();
    let address = resolve(&probe.to, probe.port(), until)?;
    tried.resolved = begin.elapsed();
    tried.asked = Some(address.ip());
    left(until).map_err(|error| error.to_string())?;
    match probe.asks {
        Asks::Icmp => {
            tried.echo = Some(icmp::echo(address.ip(), until).map_err(|error| error.to_string())?);
            Ok(())
        }
        Asks::Tcp => connect(address, until).map(drop),
        Asks::Http => {
            let mut stream = connect(address, until)?;
            page(&mut stream, probe, tried)
        }
        Asks::Https | Asks::Tls => {
            let chain = Arc::new(Chain::default());
            let ca = probe.ca.as_deref();
            let secured = tls::secure(connect(address, until)?, probe.asked_name(), ca, &chain);
            tried.ends = chain.ends();
            let mut stream = secured?;
            if probe.asks == Asks::Tls { Ok(()) } else { page(&mut stream, probe, tried) }
        }
        Asks::Dns => {
            let records = dns::ask(address, probe.asked_name(), until)?;
            tried.records = Some(records);
            if records > 0 { Ok(()) } else { Err("the name has no address".into()) }
        }
        Asks::Smtp => mail(connect(address, until)?, probe, tried),
        Asks::Held => Ok(()),
    }
}

fn connect(address: SocketAddr, until: Instant) -> Result<Timed, String> {
    Timed::connect(address, until).map_err(|error| format!("cannot connect to {address}: {error}"))
}

/// A page is there if its status says so (one that leads elsewhere is) and the text stands in it.
fn page(
    stream: &mut (impl std::io::Read + std::io::Write),
    probe: &Probe,
    tried: &mut Tried,
) -> Result<(), String> {
    let path = probe.path.as_deref().unwrap_or("/");
    let answer = http::get(stream, probe.asked_name(), path, probe.contains.as_deref());
    let answer = answer.map_err(|error| error.to_string())?;
    tried.status = Some(answer.status);
    tried.contains = answer.contains;
    if !(200..400).contains(&answer.status) {
        return Err(format!("status {}", answer.status));
    }
    match answer.contains {
        Some(false) => Err("the text is not in the page".into()),
        Some(true) | None => Ok(()),
    }
}

/// Mail servers have certificates that nobody checks: one is judged where a name is given for it.
fn mail(mut stream: Timed, probe: &Probe, tried: &mut Tried) -> Result<(), String> {
    let told = |error: std::io::Error| error.to_string();
    let offered = smtp::greet(&mut stream).map_err(told)?;
    let Some(name) = &probe.name else {
        smtp::quit(&mut stream);
        return Ok(());
    };
    if !offered {
        return Err("STARTTLS is not offered".into());
    }
    smtp::starttls(&mut stream).map_err(told)?;
    let chain = Arc::new(Chain::default());
    let secured = tls::secure(stream, name, probe.ca.as_deref(), &chain);
    tried.ends = chain.ends();
    smtp::quit(&mut secured?);
    Ok(())
}
