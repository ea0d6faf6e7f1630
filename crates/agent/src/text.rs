//! The text format of Prometheus: families of samples, written sorted and escaped.

use std::collections::BTreeMap;

/// How a value behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Nobody said.
    Untyped,
    /// Counts in buckets.
    Histogram,
    /// Quantiles.
    Summary,
}

impl Kind {
    /// The word of the `TYPE` line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Untyped => "untyped",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }

    /// The kind that a `TYPE` line names.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Counter, Self::Gauge, Self::Untyped, Self::Histogram, Self::Summary]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// What a family is called, and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Metric<'a> {
    /// Its name.
    pub name: &'a str,
    /// The sentence of the `HELP` line.
    pub help: &'a str,
    /// How its values behave.
    pub kind: Kind,
}

impl<'a> Metric<'a> {
    /// A value that only grows.
    pub const fn counter(name: &'a str, help: &'a str) -> Self {
        Self { name, help, kind: Kind::Counter }
    }

    /// A value that goes up and down.
    pub const fn gauge(name: &'a str, help: &'a str) -> Self {
        Self { name, help, kind: Kind::Gauge }
    }

    /// A value of which nobody says how it behaves.
    pub const fn untyped(name: &'a str, help: &'a str) -> Self {
        Self { name, help, kind: Kind::Untyped }
    }
}

/// Labels of a sample: names and values.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

#[derive(Debug)]
struct Family {
    help: String,
    kind: Kind,
    /// What follows the family's name on the line, and the value.
    samples: Vec<(String, f64)>,
}

/// All that one scrape found.
#[derive(Debug, Default)]
pub struct Families {
    by_name: BTreeMap<String, Family>,
}

impl Families {
    /// Adds one sample.
    pub fn add(&mut self, metric: &Metric<'_>, labels: Labels<'_>, value: f64) {
        self.add_line(metric, written(labels), value);
    }

    /// Adds one sample whose suffix and labels are written already.
    pub(crate) fn add_line(&mut self, metric: &Metric<'_>, rest: String, value: f64) {
        if let Some(family) = self.by_name.get_mut(metric.name) {
            family.samples.push((rest, value));
            return;
        }
        let family = Family {
            help: metric.help.to_owned(),
            kind: metric.kind,
            samples: vec![(rest, value)],
        };
        self.by_name.insert(metric.name.to_owned(), family);
    }

    /// How many samples there are.
    pub fn count(&self) -> usize {
        self.by_name.values().map(|family| family.samples.len()).sum()
    }

    /// The text, families by name, samples by labels. Of two samples with the same labels the first
    /// stays: a scrape with both would be refused as a whole.
    pub fn write(mut self) -> String {
        let mut out = String::with_capacity(64 * 1024);
        for (name, family) in &mut self.by_name {
            family.samples.sort_by(|a, b| a.0.cmp(&b.0));
            family.samples.dedup_by(|later, first| later.0 == first.0);
            let help = escaped(&family.help, Place::Help);
            for part in
                ["# HELP ", name, " ", &help, "\n# TYPE ", name, " ", family.kind.word(), "\n"]
            {
                out.push_str(part);
            }
            for (rest, value) in &family.samples {
                for part in [name, rest, " ", &number(*value), "\n"] {
                    out.push_str(part);
                }
            }
        }
        out
    }
}

/// Labels as they stand on a line, by name.
pub(crate) fn written(labels: Labels<'_>) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let mut sorted = labels.to_vec();
    sorted.sort_unstable();
    let pairs: Vec<String> = sorted
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value, Place::Label)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Help,
    Label,
}

fn escaped(text: &str, place: Place) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if place == Place::Label => out.push_str("\\\""),
            _ => out.push(c),
        }
    }
    out
}

fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    // Without an exponent a very large or small number is hundreds of digits.
    if value != 0.0 && !(1e-9..1e21).contains(&value.abs()) {
        return format!("{value:e}");
    }
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Families, Metric};

    #[test]
    fn writes_sorted_escaped_and_once() {
        let mut found = Families::default();
        let b = Metric::gauge("b", "Back\\slash\nand line.");
        found.add(&b, &[("z", "1"), ("a", "say \"no\"\\\n")], 1.5);
        found.add(&b, &[("a", "A")], f64::INFINITY);
        found.add(&b, &[("a", "A")], 7.0);
        found.add(&Metric::counter("a_total", "A."), &[], 1e15);
        assert_eq!(
            found.write(),
            "# HELP a_total A.\n# TYPE a_total counter\na_total 1000000000000000\n\
             # HELP b Back\\\\slash\\nand line.\n# TYPE b gauge\n\
             b{a=\"A\"} +Inf\nb{a=\"say \\\"no\\\"\\\\\\n\",z=\"1\"} 1.5\n"
        );
    }

    #[test]
    fn writes_numbers_that_can_be_read_again() {
        for value in [0.0, -1.0, 9.223_372_036_854_776e18, 1e-12, 1.5e300, 0.1 + 0.2] {
            assert!(
                super::number(value).parse::<f64>().expect("a number").to_bits() == value.to_bits()
            );
            assert!(super::number(value).len() < 30);
        }
    }
}
