//! The labels of a series, and what they must be like.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::bytes::{Reader, put_slice, put_varint};

/// The label that holds the name of the metric.
pub const NAME: &str = "__name__";

/// Labels sorted by name, kept in the very bytes that remote write has for them: a sender's bytes
/// are compared as they are. A copy of them is the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Arc<[u8]>);

impl Labels {
    /// Labels from pairs in any order. Empty values are as good as no label; of a name that comes
    /// twice the last counts.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs: Vec<(N, V)> = pairs.into_iter().collect();
        let mut pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        pairs.reverse();
        pairs.sort_by_key(|(name, _)| *name);
        pairs.dedup_by_key(|(name, _)| *name);
        pairs.retain(|(_, value)| !value.is_empty());
        let mut bytes = Vec::new();
        for (name, value) in pairs {
            put_pair(&mut bytes, name, value);
        }
        Self(bytes.into())
    }

    /// Labels as their bytes, if these are in order: sorted, no name twice, no value empty, UTF-8.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut last = "";
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            let (name, value) = pair(&mut reader)?;
            if name <= last || value.is_empty() {
                return None;
            }
            last = name;
        }
        let labels = Self(bytes.into());
        // Another way to write the same numbers would be another series.
        (Self::new(labels.iter()) == labels).then_some(labels)
    }

    /// The bytes: each label a field of number 1, as remote write has them.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut reader = Reader::new(&self.0);
        std::iter::from_fn(move || pair(&mut reader))
    }

    /// The value of a label; empty where there is none.
    pub fn get(&self, name: &str) -> &str {
        self.iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }

    /// The same without some.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        self.those(|name| !names.contains(&name))
    }

    /// Some of them only.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        self.those(|name| names.contains(&name))
    }

    /// Those of some names: their bytes as they are.
    fn those(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len());
        let mut reader = Reader::new(&self.0);
        loop {
            let before = reader.rest();
            let Some((name, _)) = pair(&mut reader) else { return Self(bytes.into()) };
            if wanted(name) {
                let length = before.len() - reader.rest().len();
                bytes.extend_from_slice(before.get(..length).unwrap_or_default());
            }
        }
    }

    /// The same with one set; an empty value takes it away.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        Self::new(self.iter().chain(std::iter::once((name, value))))
    }

    /// The order that people expect: by names and values.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.iter().cmp(other.iter())
    }
}

impl fmt::Display for Labels {
    /// As `PromQL` and the exposition format write them: `name{label="value"}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get(NAME))?;
        let mut before = "{";
        for (name, value) in self.iter().filter(|(name, _)| *name != NAME) {
            write!(f, "{before}{name}=\"{}\"", escaped(value))?;
            before = ",";
        }
        match (before, self.get(NAME)) {
            (",", _) => f.write_str("}"),
            (_, "") => f.write_str("{}"),
            _ => Ok(()),
        }
    }
}

/// How many labels there may be, and how long.
#[derive(Clone, Copy, Debug)]
pub struct LabelLimits {
    /// Labels of one thing, a name among them.
    pub count: usize,
    /// Bytes of a label's name.
    pub name_bytes: usize,
    /// Bytes of a label's value.
    pub value_bytes: usize,
}

impl LabelLimits {
    /// Why labels of something are not taken.
    pub fn judge(&self, whose: &str, labels: &Labels) -> Result<(), String> {
        let Self { count, name_bytes, value_bytes } = self;
        if labels.iter().count() > *count {
            return Err(format!("{whose:.200} has more than {count} labels"));
        }
        if let Some((label, _)) = labels.iter().find(|(label, _)| !is_label_name(label)) {
            return Err(format!("{label:.200?} of {whose:.200} is no proper label name"));
        }
        let long =
            |(label, value): &(&str, &str)| label.len() > *name_bytes || value.len() > *value_bytes;
        labels.iter().find(long).map_or(Ok(()), |(label, _)| {
            Err(format!(
                "the label {label:.40} of {whose:.200} is too long: a name may have {name_bytes} bytes, a value {value_bytes}"
            ))
        })
    }
}

/// A label's value between quotes.
pub fn escaped(value: &str) -> Cow<'_, str> {
    if value.contains(['\\', '"', '\n']) {
        value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n").into()
    } else {
        value.into()
    }
}

fn put_pair(bytes: &mut Vec<u8>, name: &str, value: &str) {
    let mut inner = Vec::with_capacity(name.len() + value.len() + 8);
    inner.push(0x0a);
    put_slice(&mut inner, name.as_bytes());
    inner.push(0x12);
    put_slice(&mut inner, value.as_bytes());
    bytes.push(0x0a);
    put_varint(bytes, inner.len() as u64);
    bytes.extend_from_slice(&inner);
}

/// Reads the next label in the one way that is in order.
fn pair<'a>(reader: &mut Reader<'a>) -> Option<(&'a str, &'a str)> {
    (reader.byte()? == 0x0a).then_some(())?;
    let mut inner = Reader::new(reader.slice()?);
    (inner.byte()? == 0x0a).then_some(())?;
    let name = inner.slice()?;
    (inner.byte()? == 0x12).then_some(())?;
    let value = inner.slice()?;
    if !inner.is_empty() {
        return None;
    }
    Some((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?))
}

/// Whether Prometheus takes this as a label's name.
pub fn is_label_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
}

/// Whether Prometheus takes this as a metric's name.
pub fn is_metric_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || b"_:".contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_and_shown_as_promql_has_them() {
        let labels =
            Labels::new([("le", "+Inf"), (NAME, "x_bucket"), ("empty", ""), ("a", "\"\n\\")]);
        assert_eq!(labels.to_string(), r#"x_bucket{a="\"\n\\",le="+Inf"}"#);
        assert_eq!(Labels::default().to_string(), "{}");
        assert_eq!(Labels::read(labels.bytes()), Some(labels.clone()));
        assert_eq!(labels.with("le", "").without(&["a"]), Labels::new([(NAME, "x_bucket")]));
        assert_eq!(labels.only(&["le"]), Labels::new([("le", "+Inf")]));
        assert_eq!(labels.only(&["a", NAME]).without(&[NAME]), Labels::new([("a", "\"\n\\")]));
    }

    #[test]
    fn bytes_that_are_not_in_order_are_refused() {
        let ordered = Labels::new([("a", "1"), ("b", "2")]);
        let (one, other) = ordered.bytes().split_at(8);
        assert!(Labels::read(&[other, one].concat()).is_none(), "not sorted");
        assert!(Labels::read(&[one, one].concat()).is_none(), "twice");
        for length in 1..ordered.bytes().len() {
            let cut = ordered.bytes().get(..length).expect("shorter");
            assert_eq!(Labels::read(cut).is_some(), length == 8);
        }
    }
}
