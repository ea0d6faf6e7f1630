//! The words after `systemctl`, sorted into verb, units and options.

use std::collections::BTreeMap;

/// What somebody asks the service manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) verb: String,
    pub(super) units: Vec<String>,
    options: BTreeMap<&'static str, String>,
}

/// Options by all their spellings; the first is the one used here.
const WITH_VALUE: &[&[&str]] = &[
    &["--signal", "-s"],
    &["--kill-whom", "--kill-who"],
    &["--property", "-p"],
    &["--lines", "-n"],
    &["--type", "-t"],
    &["--state"],
    &["--output", "-o"],
];
const WITHOUT_VALUE: &[&[&str]] = &[&["--now"], &["--quiet", "-q"], &["--value"]];

impl Question {
    /// Sorts the words. An option that means nothing here is as good as none.
    pub(super) fn parse(words: &[String]) -> Result<Self, String> {
        let mut question = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (option, joined) = match word.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                Some(_) | None => (word.as_str(), None),
            };
            if let Some(name) = spelled(WITH_VALUE, option) {
                let value = joined.or_else(|| words.next().map(String::as_str));
                let value = value.ok_or_else(|| format!("{option} wants a value"))?;
                question.add(name, value);
            } else if let Some(name) = spelled(WITHOUT_VALUE, option) {
                question.add(name, "yes");
            } else if !option.starts_with('-') {
                question.take(word);
            }
        }
        Ok(question)
    }

    /// A verb about units, without options.
    pub(super) fn about(verb: &str, units: Vec<String>) -> Self {
        Self { verb: verb.to_owned(), units, ..Self::default() }
    }

    pub(super) fn has(&self, option: &str) -> bool {
        self.options.contains_key(option)
    }

    pub(super) fn value(&self, option: &str) -> Option<&str> {
        self.options.get(option).map(String::as_str)
    }

    /// Values given in several places are one list.
    fn add(&mut self, name: &'static str, value: &str) {
        let all = self.options.entry(name).or_default();
        if !all.is_empty() {
            all.push(',');
        }
        all.push_str(value);
    }

    fn take(&mut self, word: &str) {
        if self.verb.is_empty() {
            word.clone_into(&mut self.verb);
        } else {
            self.units.push(word.to_owned());
        }
    }
}

fn spelled(options: &[&[&'static str]], word: &str) -> Option<&'static str> {
    options.iter().find(|names| names.contains(&word)).and_then(|names| names.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Question {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        Question::parse(&words).unwrap()
    }

    #[test]
    fn options_may_stand_anywhere() {
        let question = parsed("--no-block kill -s HUP --kill-whom=main bird nginx");
        assert_eq!(
            (question.verb.as_str(), question.units.as_slice()),
            ("kill", ["bird", "nginx"].map(str::to_owned).as_slice())
        );
        assert_eq!(
            (question.value("--signal"), question.value("--kill-whom")),
            (Some("HUP"), Some("main"))
        );
        assert_eq!(
            parsed("show -p MainPID --property=Result x").value("--property"),
            Some("MainPID,Result")
        );
        assert!(parsed("enable --now x").has("--now"));
        assert!(Question::parse(&["kill".to_owned(), "-s".to_owned()]).is_err());
    }
}
