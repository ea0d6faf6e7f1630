//! Programs on a host that tell metrics to its agent: those that are declared, and those it asks anyway.

use serde::Serialize;
use toml::de::DeValue;

use super::system::alphanumeric_or;
use super::{Value, Wrong, unexpected};
use crate::names::Names;

/// A daemon of ours whose metrics an agent asks without a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teller {
    /// `HAProxy`.
    Haproxy,
    /// Caddy.
    Caddy,
    /// `StayRTR`.
    Stayrtr,
    /// Routinator.
    Routinator,
}

impl Teller {
    const ALL: [Self; 4] = [Self::Haproxy, Self::Caddy, Self::Stayrtr, Self::Routinator];

    /// The label `job` of what it tells.
    #[must_use]
    pub const fn job(self) -> &'static str {
        match self {
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
            Self::Stayrtr => "stayrtr",
            Self::Routinator => "routinator",
        }
    }
}

/// Whether a job is of what agents find out themselves, or of a daemon that they ask anyway.
fn taken(job: &str) -> bool {
    ["node", "probe"].contains(&job) || Teller::ALL.iter().any(|daemon| daemon.job() == job)
}

/// A program on a host that tells metrics to whoever asks there: the job that they are of, and its port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Exporter {
    /// The label `job` of what it tells.
    pub job: String,
    /// The port of 127.0.0.1 that answers at `/metrics`.
    pub port: u16,
}

impl Value for Exporter {
    fn expects() -> String {
        "a job and a port of the host itself such as \"postgres:9187\"".into()
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let parts = |text: &str| {
            let (job, port) = text.split_once(':')?;
            let fine = !taken(job) && job.len() <= 60 && alphanumeric_or(job, "-_");
            let port = port.parse().ok().filter(|port| *port > 0 && fine)?;
            Some(Self { job: job.to_owned(), port })
        };
        value.as_str().and_then(parts).ok_or_else(|| unexpected::<Self>(value))
    }
}

#[cfg(test)]
mod tests {
    use super::super::said;

    #[test]
    fn an_exporter_has_a_job_of_its_own_and_a_port() {
        let of = |list: &str| said(&format!("[host.x]\nexporters = [{list}]"));
        for wrong in
            ["9187", "postgres:0", "postgres:65536", ":9187", "node:9187", "caddy:1", "a b:1"]
        {
            let says = of(&format!("'{wrong}'"));
            assert!(says.contains("such as \"postgres:9187\""), "{wrong}: {says}");
        }
        let right = of("'postgres:9187', 'postgres-old:9188'");
        assert!(!right.contains("postgres"), "{right}");
        let twice = of("'postgres:9187', 'postgres:9188'");
        assert!(twice.contains("two exporters have the same job"), "{twice}");
    }
}
