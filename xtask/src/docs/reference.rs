//! docs/reference.md: everything that can be declared, from the doc comments of `model::kinds`.

use super::example;
use super::kinds::{Field, Table, Vocabulary, read};
use super::markdown::{fenced, generated, table};
use std::path::Path;

const INTRO: &str = include_str!("reference.md");

/// The object of each kind that is shown; kinds that are not here carry one in their doc comment.
const SHOWN: &[(&str, &str)] = &[
    ("isp", "isp"),
    ("watch", "watch"),
    ("roa", "roa.patata"),
    ("site", "site.louise"),
    ("provider", "provider.hetzner"),
    ("cost", "cost.mail"),
    ("host", "host.edge-01"),
    ("segment", "segment.patata"),
    ("pool", "pool.vpn"),
    ("route", "route.services"),
    ("vip", "vip.patata"),
    ("neighbor", "neighbor.verixi"),
    ("policy", "policy.neutral"),
    ("zone", "zone.services"),
    ("rules", "rules.team-in"),
    ("service", "service.cube"),
    ("certificate", "certificate.neutrinet"),
    ("check", "check.web"),
    ("backup", "backup.services"),
    ("duty", "duty.network"),
    ("invariant", "invariant.management-apart"),
    ("upgrade", "upgrade.routers"),
];

pub(super) fn page(root: &Path) -> Result<String, String> {
    let vocabulary = read(root)?;
    let files = example::files(root)?;
    let mut text = generated("the doc comments of crates/model/src/kinds") + INTRO + "\n";
    for kind in model::kinds::KINDS {
        text += &format!("- [`{}`](#{kind})\n", header(kind));
    }
    for kind in model::kinds::KINDS {
        let name = vocabulary.kinds.get(*kind).ok_or(format!("no struct is the kind {kind}"))?;
        let table = vocabulary.tables.get(name).ok_or(format!("no struct {name}"))?;
        let shown = SHOWN.iter().find(|(of, _)| of == kind);
        let shown = shown.map(|(_, key)| {
            let missing = || format!("the example has no {key}: show another in xtask");
            example::of(&files, key).ok_or_else(missing)
        });
        text += &format!("\n## {kind}\n\n{}\n", table.doc);
        if let Some(shown) = shown.transpose()? {
            text += &format!("\n{}", fenced("toml", &shown));
        }
        text += &vocabulary.keys(table)?;
    }
    Ok(text)
}

fn header(kind: &str) -> String {
    let single = model::kinds::SINGLE.contains(&kind);
    if single { format!("[{kind}]") } else { format!("[{kind}.NAME]") }
}

impl Vocabulary {
    /// The keys of a table, the words that may stand there, and the tables inside.
    fn keys(&self, of: &Table) -> Result<String, String> {
        let asked: Vec<(&Field, &str)> = of
            .fields
            .iter()
            .filter_map(|field| Some((field, of.asked.get(&field.key)?.as_str())))
            .collect();
        let rows: Result<Vec<_>, String> =
            asked.iter().map(|(field, how)| self.row(field, how)).collect();
        let mut text = format!("\n{}", table(&["key", "value", "needed", "what it says"], &rows?));
        for (field, _) in &asked {
            text += &self.meanings(field);
        }
        for (field, how) in &asked {
            if matches!(*how, "tables" | "array" | "table") {
                text += &self.inner(field)?;
            }
        }
        Ok(text)
    }

    fn row(&self, field: &Field, how: &str) -> Result<Vec<String>, String> {
        let (says, default) = match field.doc.replace('\n', " ").split_once("Default: ") {
            Some((says, default)) => (says.trim().to_owned(), Some(default.to_owned())),
            None => (field.doc.clone(), None),
        };
        let needed = match (how, default) {
            ("need" | "need_or" | "some" | "lists", _) => "**yes**".to_owned(),
            (_, Some(default)) => format!("default: {}", default.trim_end_matches('.')),
            (_, None) => String::new(),
        };
        let value = match how {
            "tables" | "array" | "table" => "tables, see below".to_owned(),
            "list" | "some" => format!("list: {}", self.value(field)?),
            "lists" => format!("list of lists: {}", self.value(field)?),
            _ => self.value(field)?,
        };
        Ok(vec![format!("`{}`", field.key), value, needed, says])
    }

    /// What may stand behind a key.
    fn value(&self, field: &Field) -> Result<String, String> {
        let names: Vec<&str> = field.of.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["Id", "Self"] => Ok("a [host](#host)".to_owned()),
            ["Id", name] => {
                let kind = self.kinds.iter().find(|(_, of)| of == name).map(|(kind, _)| kind);
                let article =
                    |kind: &str| if kind.starts_with(['a', 'i', 'u']) { "an" } else { "a" };
                let linked = |kind: &String| format!("{} [{kind}](#{kind})", article(kind));
                kind.map(linked).ok_or(format!("no kind {name}"))
            }
            ["u8" | "u16" | "u32"] => Ok("a whole number".to_owned()),
            [name] if self.words.contains_key(*name) => Ok("a word, see below".to_owned()),
            [name] => {
                self.values.get(*name).map(|text| quoted(text)).ok_or(format!("no value {name}"))
            }
            _ => Err(format!("{}: a type that the reference cannot tell", field.key)),
        }
    }

    /// What the words of a key mean.
    fn meanings(&self, field: &Field) -> String {
        let Some(words) = field.of.first().and_then(|name| self.words.get(name)) else {
            return String::new();
        };
        let word = |(word, means): &(String, String)| {
            format!("- `\"{word}\"`: {}\n", means.replace('\n', " "))
        };
        let list: String = words.iter().map(word).collect();
        format!("\nThe words of `{}`:\n\n{list}", field.key)
    }

    fn inner(&self, field: &Field) -> Result<String, String> {
        let name = field.of.first().ok_or("a table without a type")?;
        let table = self.tables.get(name).ok_or(format!("no struct {name}"))?;
        // The doc comment of the field writes the header out: "…: `[host.NAME.nic.INTERFACE]`."
        let header = field.doc.split('`').find(|part| part.starts_with('['));
        let header = header.ok_or(format!("{}: its doc comment shows no header", field.key))?;
        Ok(format!("\n### {header}\n\n{}\n{}", table.doc, self.keys(table)?))
    }
}

/// What stands in quotes is how it is written.
fn quoted(text: &str) -> String {
    let part = |(number, part): (usize, &str)| {
        if number % 2 == 1 { format!("`\"{part}\"`") } else { part.to_owned() }
    };
    text.split('"').enumerate().map(part).collect()
}
