//! Go's templates as alerts use them: texts with values filled in.
//!
//! What Prometheus gives to rules is here: variables, pipelines, `if`, `with`, `range`, and functions for
//! numbers, texts and questions. What is not is refused when the template is read, not when it is used.

mod functions;
mod lex;
mod number;
mod parse;
mod printf;
mod run;
mod value;

use crate::group::Words;
pub(crate) use number::{scientific, shortest};
use parse::Piece;

/// A template that was understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Piece>);

/// One line of an answer, as templates see it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    pub(crate) labels: Words,
    pub(crate) value: f64,
}

/// What a template is filled in with.
pub(crate) struct About<'a> {
    /// The labels of the line that alerts.
    pub(crate) labels: &'a Words,
    /// Its value.
    pub(crate) value: f64,
    /// Answers a question.
    pub(crate) ask: &'a dyn Fn(&str) -> Result<Vec<Sample>, String>,
}

impl Template {
    /// Understands a text.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        parse::parse(text).map(Self)
    }

    /// Fills it in.
    pub(crate) fn fill(&self, about: &About<'_>) -> Result<String, String> {
        run::run(&self.0, about)
    }
}

#[cfg(test)]
mod tests {
    use super::{About, Sample, Template};
    use crate::group::Words;

    fn filled(text: &str) -> String {
        let labels: Words = [("instance", "edge-01"), ("job", "node")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let ask = |question: &str| {
            let named = |name: &str| Sample {
                labels: [("name".to_owned(), name.to_owned())].into(),
                value: 7.5,
            };
            match question {
                "none" => Ok(vec![]),
                "bad" => Err("no answer".to_owned()),
                _ => Ok(vec![named("b"), named("a")]),
            }
        };
        let about = About { labels: &labels, value: 1_234.5, ask: &ask };
        let template = match Template::read(text) {
            Ok(template) => template,
            Err(why) => return ["refused: ", &why].concat(),
        };
        template.fill(&about).unwrap_or_else(|why| ["failed: ", &why].concat())
    }

    #[test]
    fn fills_in_what_rules_use() {
        for (text, expected) in [
            ("plain", "plain"),
            ("{{ $labels.instance }} is {{ $value }}", "edge-01 is 1234.5"),
            ("{{.Labels.job}}/{{ .Value }}", "node/1234.5"),
            ("{{ $labels.nothing }}.", "."),
            ("{{ $labels }}", "map[instance:edge-01 job:node]"),
            ("{{ $value | humanize }}", "1.234k"),
            ("{{ humanize1024 2048.0 }}", "2ki"),
            ("{{ 0.1234567 | humanizePercentage }}", "12.35%"),
            ("{{ humanizeDuration 899.99 }}", "14m 59s"),
            ("{{ humanizeDuration 0.0054 }}", "5.4ms"),
            ("{{ humanizeDuration 90061.0 }}", "1d 1h 1m 1s"),
            ("{{ 1435065584.128 | humanizeTimestamp }}", "2015-06-23 13:19:44.128 +0000 UTC"),
            ("{{ printf \"%.2f\" $value }}%", "1234.50%"),
            ("{{ printf \"%s has %5.1f, %d\" $labels.job $value 3 }}", "node has 1234.5, 3"),
            ("{{ printf \"%d\" $value }}", "%!d(float64=1234.5)"),
            ("{{ \"aa bB\" | title }} {{ toUpper \"aä\" }} {{ toLower \"AÄ\" }}", "Aa BB AÄ aä"),
            ("{{ if gt $value 1000.0 }}much{{ else }}little{{ end }}", "much"),
            ("{{ if eq $labels.job \"x\" }}1{{ else if eq $labels.job \"node\" }}2{{ end }}", "2"),
            ("{{ with query \"up\" }}{{ . | first | value }}{{ end }}", "7.5"),
            ("{{ with query \"none\" }}some{{ else }}none{{ end }}", "none"),
            ("{{ query \"x\" | sortByLabel \"name\" | first | label \"name\" }}", "a"),
            ("{{ range query \"x\" }}[{{ .Labels.name }} {{ .Value }}]{{ end }}", "[b 7.5][a 7.5]"),
            ("{{ range $i, $s := query \"x\" }}{{ $i }}{{ $s.Labels.name }} {{ end }}", "0b 1a "),
            ("a {{- \" b \" -}} c", "a b c"),
            ("{{/* nothing */}}{{ $x := \"v\" }}{{ $x }}", "v"),
            ("{{ reReplaceAll \"(.*)-01\" \"$1\" $labels.instance }}", "edge"),
            ("{{ if match \"^edge\" $labels.instance }}y{{ end }}", "y"),
            ("{{ and true \"x\" }}{{ or \"\" \"y\" }}{{ not true }}", "xyfalse"),
            ("{{ (index (query \"x\") 1).Value }}", "7.5"),
            ("{{ len (query \"x\") }}", "2"),
            ("{{ `raw` }}", "raw"),
        ] {
            assert_eq!(filled(text), expected, "{text}");
        }
    }

    #[test]
    fn says_what_it_cannot_do() {
        for (text, says) in [
            ("{{ shout $value }}", "refused: there is no function `shout`"),
            ("{{ humanize }}", "refused: `humanize` takes 1 argument, not 0"),
            ("{{ humanize 1 2 }}", "refused: `humanize` takes 1 argument, not 2"),
            ("{{ $labels.instance ", "refused: an action is not closed: `}}` is missing"),
            ("{{ if $value }}x", "refused: an `if` is not ended: `{{ end }}` is missing"),
            ("{{ end }}", "refused: an `end` without a beginning"),
            ("{{ $nobody }}", "refused: there is no variable `$nobody`"),
            ("{{ \"open }}", "refused: a text is not closed: `\"` is missing"),
            ("{{ query \"none\" | first }}", "failed: `first` of an answer without a line"),
            ("{{ query \"bad\" }}", "failed: no answer"),
            ("{{ humanize \"x\" }}", "failed: `x` is no number"),
        ] {
            assert_eq!(filled(text), says, "{text}");
        }
    }

    #[test]
    fn survives_what_is_no_template() {
        let deep = ["{{ ", &"(".repeat(5_000), "1", &")".repeat(5_000), " }}"].concat();
        let nested = ["{{ if 1 }}".repeat(5_000), "{{ end }}".repeat(5_000)].concat();
        let long = "{{ range query \"x\" }}".repeat(40) + &"{{ end }}".repeat(40);
        for text in [&deep, &nested, &long, "{{ printf \"%999999999d\" 1 }}", "{{ $ }}{{ . }}{{"] {
            filled(text);
        }
    }
}
