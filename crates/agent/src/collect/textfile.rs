//! What others left as `*.prom` files in a directory.

use super::{Source, Went};
use crate::outbox::log;
use crate::text::{Families, Kind, Metric, written};
use crate::tree::{Trouble, plain_text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

const ERROR: Metric<'_> = Metric::gauge(
    "node_textfile_scrape_error",
    "1 if there was an error opening or reading a file, 0 otherwise",
);
const MODIFIED: Metric<'_> =
    Metric::gauge("node_textfile_mtime_seconds", "Unixtime mtime of textfiles successfully read.");

/// What was wrong the last time, and was told then: a collector is asked again and again, and keeps nothing.
static TOLD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

pub(super) fn textfile(source: &Source, found: &mut Families) -> Went {
    let mut wrong = BTreeSet::new();
    for path in source.textfile.as_deref().map(files).transpose()?.unwrap_or_default() {
        match read(&path) {
            Ok((samples, modified)) => {
                for sample in samples {
                    sample.add_to(found);
                }
                found.add(&MODIFIED, &[("file", &path.display().to_string())], modified);
            }
            Err(trouble) => {
                wrong.insert(trouble.to_string());
            }
        }
    }
    found.add(&ERROR, &[], if wrong.is_empty() { 0.0 } else { 1.0 });
    // As with `node_exporter`, a wrong file is told by the metric above, and the collector went well.
    for says in news(&mut TOLD.lock().unwrap_or_else(PoisonError::into_inner), wrong) {
        log("textfile", &says);
    }
    Ok(())
}

/// What was not wrong the last time.
fn news(told: &mut BTreeSet<String>, wrong: BTreeSet<String>) -> Vec<String> {
    let new = wrong.difference(told).cloned().collect();
    *told = wrong;
    new
}

fn files(directory: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let trouble = |error| Trouble::Read(directory.to_owned(), error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(trouble)? {
        let path = entry.map_err(trouble)?.path();
        if path.extension().is_some_and(|end| end == "prom") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// All samples of a file: one that is wrong anywhere gives none.
fn read(path: &Path) -> Result<(Vec<Sample>, f64), Trouble> {
    let trouble = |error| Trouble::Read(path.to_owned(), error);
    let modified = path.metadata().and_then(|about| about.modified()).map_err(trouble)?;
    let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    let help = format!("Metric read from {}", path.display());
    let samples = parse(&plain_text(path).map_err(trouble)?, &help);
    let place = |line| format!("{}:{line}: this line is no sample", path.display());
    let samples = samples.map_err(|line| Trouble::Silent(place(line)))?;
    Ok((samples, modified))
}

/// One sample as it stood on its line.
#[derive(Debug, PartialEq)]
struct Sample {
    family: String,
    help: String,
    kind: Kind,
    rest: String,
    value: f64,
}

impl Sample {
    fn add_to(self, found: &mut Families) {
        let metric = Metric { name: &self.family, help: &self.help, kind: self.kind };
        found.add_line(&metric, self.rest, self.value);
    }
}

/// The samples of a text, or the number of the line that is none.
fn parse(text: &str, unsaid: &str) -> Result<Vec<Sample>, usize> {
    let mut helps: BTreeMap<&str, String> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
    let mut samples = Vec::new();
    let lines = text.lines().map(str::trim).zip(1_usize..).filter(|(line, _)| !line.is_empty());
    for (line, number) in lines {
        let Some(comment) = line.strip_prefix('#') else {
            samples.push(sample(line).ok_or(number)?);
            continue;
        };
        let mut words = comment.trim_start().splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("HELP"), Some(name), help) => {
                helps.insert(
                    name,
                    help.unwrap_or_default().replace("\\n", "\n").replace("\\\\", "\\"),
                );
            }
            (Some("TYPE"), Some(name), Some(kind)) => {
                kinds.insert(name, Kind::of(kind.trim()).ok_or(number)?);
            }
            _ => {}
        }
    }
    for sample in &mut samples {
        sample.place(&kinds);
        sample.help = helps.get(&*sample.family).cloned().unwrap_or_else(|| unsaid.to_owned());
    }
    Ok(samples)
}

impl Sample {
    /// Puts a sample into its family: that of `x_bucket` is `x`, if `x` is a histogram.
    fn place(&mut self, kinds: &BTreeMap<&str, Kind>) {
        for suffix in ["_bucket", "_count", "_sum"] {
            let Some(stem) = self.family.strip_suffix(suffix) else { continue };
            if let Some(Kind::Histogram | Kind::Summary) = kinds.get(stem) {
                self.rest.insert_str(0, suffix);
                self.family = stem.to_owned();
                break;
            }
        }
        self.kind = kinds.get(&*self.family).copied().unwrap_or(Kind::Untyped);
    }
}

/// One line: a name, labels in braces, a value. A time of the sample's own is refused.
fn sample(line: &str) -> Option<Sample> {
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at_checked(end)?;
    let first = name.chars().next()?;
    if first.is_ascii_digit()
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
    {
        return None;
    }
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let pairs: Vec<(&str, &str)> =
        labels.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let value = value.trim();
    let value = if value == "+Inf" { f64::INFINITY } else { value.parse().ok()? };
    Some(Sample {
        family: name.to_owned(),
        help: String::new(),
        kind: Kind::Untyped,
        rest: written(&pairs),
        value,
    })
}

/// Names and values of labels, and what follows the closing brace.
fn labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        if let Some(after) = rest.strip_prefix('}') {
            return Some((labels, after));
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start().strip_prefix('"')?)?;
        let name = name.trim();
        // Prometheus would refuse the whole scrape for one of these.
        if !is_label(name) || labels.iter().any(|(other, _)| *other == name) {
            return None;
        }
        labels.push((name, value));
        rest = after;
    }
}

/// Whether a label may be called that; `__name__` is what Prometheus calls the metric itself.
fn is_label(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name != "__name__"
}

/// A quoted text without its escapes, and what follows its end.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                c => value.push(c),
            },
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{news, parse, read};
    use crate::text::Families;
    use std::collections::BTreeSet;

    #[test]
    fn writes_again_what_others_wrote() {
        let text = "# HELP apt_upgrades_pending Packages\\nto upgrade.\n\
                    # TYPE apt_upgrades_pending gauge\n\
                    apt_upgrades_pending{arch=\"amd64\",origin=\"Debian \\\"12\\\"\\\\\"} 3\n\
                    # HELP took How long.\n\
                    # TYPE took histogram\n\
                    took_bucket{le=\"+Inf\"} 2\ntook_count 2\ntook_sum 0.5\n";
        let mut found = Families::default();
        for sample in parse(text, "").expect("all lines are samples") {
            sample.add_to(&mut found);
        }
        assert_eq!(found.write(), text);
    }

    #[test]
    fn a_wrong_file_is_told_with_its_line_until_it_is_mended() {
        let path = std::env::temp_dir().join(format!("agent-{}.prom", std::process::id()));
        std::fs::write(&path, "fine 1\nwrong\n").expect("it is written");
        let says = read(&path).expect_err("it is wrong").to_string();
        assert!(says.ends_with(".prom:2: this line is no sample"), "{says}");
        let (mut told, wrong) = (BTreeSet::default(), || [says.clone()].into());
        assert_eq!(news(&mut told, wrong()), [says.as_str()]);
        assert!(news(&mut told, wrong()).is_empty(), "once");
        assert!(news(&mut told, BTreeSet::default()).is_empty());
        assert_eq!(news(&mut told, wrong()), [says.as_str()], "it is wrong again");
        std::fs::remove_file(&path).expect("it is there");
    }

    #[test]
    fn refuses_what_is_no_sample_and_never_panics() {
        for wrong in [
            "a",
            "a{",
            "a{b",
            "a{b=",
            "a{b=\"",
            "a{b=\"c\"",
            "1a 2",
            "a 1 1600000000",
            "é 1",
            "a{é=\"\"} 1",
            "{} 1",
            "a{1b=\"x\"} 1",
            "a{b=\"1\",b=\"2\"} 1",
            "a{b=\"1\",c=\"\",b =\"1\"} 1",
            "a{__name__=\"b\"} 1",
            "a{=\"x\"} 1",
        ] {
            assert_eq!(parse(wrong, ""), Err(1), "{wrong}");
            assert_eq!(parse(&format!("# x\n\n{wrong}"), ""), Err(3), "{wrong}");
        }
    }
}
