//! The text of a unit file: sections, keys, values. Knows no key's meaning.

/// The assignments of a unit and its drop-ins, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnitFile {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    section: String,
    key: String,
    value: String,
}

impl UnitFile {
    /// Adds the assignments of one file after those already there.
    pub(crate) fn add(&mut self, text: &str) {
        let mut section = String::new();
        for line in logical_lines(text) {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                name.clone_into(&mut section);
            } else if let Some((key, value)) = line.split_once('=') {
                self.entries.push(Entry {
                    section: section.clone(),
                    key: key.trim().to_owned(),
                    value: value.trim().to_owned(),
                });
            }
        }
    }

    /// The last assignment; an empty one means "as if never assigned".
    pub(crate) fn value(&self, section: &str, key: &str) -> Option<&str> {
        let last = self.assignments(section, key).last()?;
        (!last.is_empty()).then_some(last)
    }

    /// All assignments since the last empty one.
    pub(crate) fn list(&self, section: &str, key: &str) -> Vec<&str> {
        let mut list = Vec::new();
        for value in self.assignments(section, key) {
            if value.is_empty() {
                list.clear();
            } else {
                list.push(value);
            }
        }
        list
    }

    /// A yes or no as systemd reads it.
    pub(crate) fn yes(&self, section: &str, key: &str) -> bool {
        let value = self.value(section, key).unwrap_or("no").to_ascii_lowercase();
        matches!(value.as_str(), "1" | "yes" | "y" | "true" | "t" | "on")
    }

    /// The keys of a section, each once, in order.
    pub(crate) fn keys(&self, section: &str) -> Vec<&str> {
        let mut keys = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.section == section) {
            if !keys.contains(&entry.key.as_str()) {
                keys.push(entry.key.as_str());
            }
        }
        keys
    }

    fn assignments(&self, section: &str, key: &str) -> impl Iterator<Item = &str> {
        let of = move |entry: &&Entry| entry.section == section && entry.key == key;
        self.entries.iter().filter(of).map(|entry| entry.value.as_str())
    }
}

/// Lines without comments, continued ones joined with a space.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        let start = line.trim_start();
        if start.starts_with('#') || start.starts_with(';') {
            continue;
        }
        let whole =
            open.take().map_or_else(|| line.to_owned(), |before| format!("{before} {line}"));
        match whole.strip_suffix('\\') {
            Some(more) => open = Some(more.to_owned()),
            None => lines.push(whole),
        }
    }
    lines.extend(open);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(texts: &[&str]) -> UnitFile {
        let mut unit = UnitFile::default();
        for text in texts {
            unit.add(text);
        }
        unit
    }

    #[test]
    fn an_empty_assignment_resets_a_list() {
        let unit = unit(&[
            "[Service]\nExecStart=/bin/a\nExecStart=/bin/b\n",
            "[Service]\nExecStart=\nExecStart=/bin/c\n",
        ]);
        assert_eq!(unit.list("Service", "ExecStart"), ["/bin/c"]);
    }

    #[test]
    fn the_last_value_wins_and_an_empty_one_unsets() {
        let later = "[Service]\nUser=second\n[Unit]\nUser=elsewhere\n";
        assert_eq!(
            unit(&["[Service]\nUser=first\n", later]).value("Service", "User"),
            Some("second")
        );
        assert_eq!(unit(&["[Service]\nUser=first\nUser=\n"]).value("Service", "User"), None);
    }

    #[test]
    fn a_line_goes_on_after_a_backslash_and_over_comments() {
        let unit =
            unit(&["[Service]\nExecStart=/bin/a \\\n# not this\n  -b \\\n  -c\nType = notify \n"]);
        assert_eq!(unit.list("Service", "ExecStart"), ["/bin/a    -b    -c"]);
        assert_eq!(unit.value("Service", "Type"), Some("notify"));
    }

    #[test]
    fn yes_has_many_spellings() {
        for (text, yes) in [("yes", true), ("On", true), ("1", true), ("no", false), ("", false)] {
            assert_eq!(unit(&[&format!("[S]\nK={text}\n")]).yes("S", "K"), yes, "{text}");
        }
    }
}
