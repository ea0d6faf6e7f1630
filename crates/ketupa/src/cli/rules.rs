//! The words of `ketupa rules` and `ketupa alerts`: rules of the model and of files, and what they say.

use super::Format;
use super::query::To;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Print the alert rules of the model, or check rule files
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ketupa rules examples/neutrinet
  ketupa rules examples/neutrinet --alert ServiceDown
  ketupa rules examples/neutrinet --format yaml > /etc/prometheus/ketupa.yml
  ketupa rules --check rules/*.yml")]
pub(crate) struct Rules {
    /// The directory that holds the ISP's *.toml files
    #[arg(default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Read rule files instead, and say what is wrong with them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "dir")]
    pub(crate) check: Vec<PathBuf>,
    /// All about one alert: when it fires, what it asks, and what to do
    #[arg(long, value_name = "NAME", conflicts_with_all = ["check", "format"])]
    pub(crate) alert: Option<String>,
    /// The language of what alerts say, in text
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub(crate) language: Language,
    /// How to print
    #[arg(long, value_enum, default_value_t = RulesFormat::Text)]
    pub(crate) format: RulesFormat,
}

/// The languages that alerts speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English
    En,
    /// French
    Fr,
}

/// How rules are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RulesFormat {
    /// For people
    Text,
    /// A rule file, for Prometheus and others
    Yaml,
    /// As Prometheus's /api/v1/rules
    Json,
}

/// Show what is wrong, as a server tells it
#[derive(Debug, Args)]
#[command(after_help = "Each cause, and below it the alerts that follow from it.

Exit status: 0 nothing is wrong; 1 something is; 2 the command line is wrong; 3 the server does not answer.

Examples:
  ketupa alerts --token-file token
  ketupa alerts --token-file token --language fr
  ketupa alerts --token-file token --format json | jq '.[].cause.labels'")]
pub(crate) struct Alerts {
    #[command(flatten)]
    pub(crate) to: To,
    /// The language of what they say, in text
    #[arg(long, value_enum, default_value_t = Language::En)]
    pub(crate) language: Language,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}
