//! What pipelines are worth.

use super::Sample;
use super::number::shortest;
use crate::group::Words;

/// A value of a template.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nothing,
    Flag(bool),
    Whole(i64),
    Number(f64),
    Text(String),
    Labels(Words),
    Sample(Sample),
    Samples(Vec<Sample>),
    /// What a rule alerts about: `.Labels`, `.Value`.
    About(Sample),
    Named(Vec<(String, Self)>),
}

impl Value {
    /// As it is printed.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Nothing => "<no value>".into(),
            Self::Flag(flag) => flag.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => shortest(*number),
            Self::Text(text) => text.clone(),
            Self::Labels(labels) => map(labels),
            Self::Sample(sample) | Self::About(sample) => sample_shown(sample),
            Self::Samples(samples) => {
                let all: Vec<String> = samples.iter().map(sample_shown).collect();
                ["[", &all.join(" "), "]"].concat()
            }
            Self::Named(named) => {
                let pair = |(name, value): &(String, Self)| [name, ":", &value.shown()].concat();
                ["map[", &named.iter().map(pair).collect::<Vec<_>>().join(" "), "]"].concat()
            }
        }
    }

    /// What `if` makes of it.
    pub(super) fn holds(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Flag(flag) => *flag,
            Self::Whole(number) => *number != 0,
            Self::Number(number) => number.abs() > 0.0 || number.is_nan(),
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => !labels.is_empty(),
            Self::Samples(samples) => !samples.is_empty(),
            Self::Named(named) => !named.is_empty(),
            Self::Sample(_) | Self::About(_) => true,
        }
    }

    /// How many letters or parts it has.
    pub(super) fn length(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.len()),
            Self::Labels(labels) => Some(labels.len()),
            Self::Samples(samples) => Some(samples.len()),
            Self::Named(named) => Some(named.len()),
            Self::Nothing
            | Self::Flag(_)
            | Self::Whole(_)
            | Self::Number(_)
            | Self::Sample(_)
            | Self::About(_) => None,
        }
    }

    /// A part of it; of labels those that are not there are empty.
    pub(super) fn field(&self, name: &str) -> Result<Self, String> {
        match (self, name) {
            (Self::Labels(labels), _) => {
                Ok(Self::Text(labels.get(name).cloned().unwrap_or_default()))
            }
            (Self::Sample(sample) | Self::About(sample), "Labels") => {
                Ok(Self::Labels(sample.labels.clone()))
            }
            (Self::Sample(sample) | Self::About(sample), "Value") => Ok(Self::Number(sample.value)),
            (Self::About(_), "ExternalLabels") => Ok(Self::Labels(Words::new())),
            (Self::About(_), "ExternalURL") => Ok(Self::Text(String::new())),
            (Self::Named(named), _) => {
                let found = named.iter().find(|(known, _)| known == name);
                Ok(found.map_or(Self::Nothing, |(_, value)| value.clone()))
            }
            _ => Err(format!("`{:.40}` has no `{name:.40}`", self.shown())),
        }
    }

    /// As a number: texts are read.
    pub(super) fn number(&self) -> Result<f64, String> {
        match self {
            Self::Number(number) => Ok(*number),
            #[expect(clippy::cast_precision_loss, reason = "Go's conversion loses it as well")]
            Self::Whole(number) => Ok(*number as f64),
            Self::Text(text) => {
                text.trim().parse().map_err(|_| format!("`{text:.40}` is no number"))
            }
            Self::Nothing
            | Self::Flag(_)
            | Self::Labels(_)
            | Self::Sample(_)
            | Self::Samples(_)
            | Self::About(_)
            | Self::Named(_) => Err(format!("`{:.40}` is no number", self.shown())),
        }
    }
}

fn map(labels: &Words) -> String {
    let pairs: Vec<String> =
        labels.iter().map(|(name, value)| [name, ":", value].concat()).collect();
    ["map[", &pairs.join(" "), "]"].concat()
}

fn sample_shown(sample: &Sample) -> String {
    ["{", &map(&sample.labels), " ", &shortest(sample.value), "}"].concat()
}
