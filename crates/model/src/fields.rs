//! Reads one TOML table key by key, and remembers what was wrong, unknown or left over.

use crate::finding::Finding;
use crate::names::Names;
use crate::source::Place;
use crate::value::{Value, Wrong, nearest, shorten};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Where an object and its keys stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct At {
    /// `kind.name`, as in the header of its table.
    pub key: String,
    /// The name in the header.
    pub place: Place,
    values: BTreeMap<String, Place>,
}

impl At {
    /// The place of an object whose keys are not read yet.
    pub(crate) fn new(key: String, place: Place) -> Self {
        Self { key, place, values: BTreeMap::new() }
    }

    /// The value of a key, or the header where the key is not written.
    pub fn field(&self, key: &str) -> Place {
        self.values.get(key).copied().unwrap_or(self.place)
    }

    /// Whether the key is written.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }
}

/// What every table being read shares.
pub(crate) struct Reading<'a> {
    pub(crate) names: &'a Names,
    pub(crate) findings: RefCell<Vec<Finding>>,
}

/// One table: ask it for every key that may stand in it, then call [`Fields::done`].
pub(crate) struct Fields<'a> {
    reading: &'a Reading<'a>,
    table: &'a DeTable<'a>,
    file: u32,
    asked: BTreeSet<&'static str>,
    at: At,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(reading: &'a Reading<'a>, table: &'a DeTable<'a>, at: At) -> Self {
        let file = at.place.file;
        let values = table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), place(file, &value.span())));
        let at = At { values: values.collect(), ..at };
        Self { reading, table, file, asked: BTreeSet::new(), at }
    }

    /// The place of this object and of its keys.
    pub(crate) fn at(&self) -> At {
        self.at.clone()
    }

    /// Notes something that is wrong with this table as a whole.
    pub(crate) fn finding(&self, finding: Finding) {
        self.reading.findings.borrow_mut().push(finding);
    }

    /// The value of a key that may be left out.
    pub(crate) fn get<T: Value>(&mut self, key: &'static str) -> Option<T> {
        let value = self.value(key)?;
        self.take(value)
    }

    /// The value of a key, or what it is when left out.
    pub(crate) fn or<T: Value>(&mut self, key: &'static str, default: T) -> T {
        self.get(key).unwrap_or(default)
    }

    /// The value of a key that must be there. The stand-in never leaves a load with findings.
    pub(crate) fn need<T: Value + Default>(&mut self, key: &'static str) -> T {
        self.need_or(key, T::default())
    }

    /// The same for types that have no default: gives the stand-in.
    pub(crate) fn need_or<T: Value>(&mut self, key: &'static str, stand_in: T) -> T {
        if self.table.get(key).is_none() {
            self.asked.insert(key);
            let says = format!("{} lacks the key `{key}`", self.at.key);
            let expects = format!("add `{key} = …`: {}", T::expects());
            self.finding(Finding::error("M-MISSING-KEY", self.at.place, says).hint(expects));
        }
        self.get(key).unwrap_or(stand_in)
    }

    /// The items of a list; a key that is left out is an empty list.
    pub(crate) fn list<T: Value>(&mut self, key: &'static str) -> Vec<T> {
        self.value(key).map_or_else(Vec::new, |value| self.items(value))
    }

    /// The lists in a list that must be there and not be empty: `[["a", "b"], ["c"]]`.
    pub(crate) fn lists<T: Value>(&mut self, key: &'static str) -> Vec<Vec<T>> {
        let outer = self.value(key).map(|value| (value, value.get_ref().as_array()));
        match outer {
            Some((_, Some(lists))) if !lists.is_empty() => {
                lists.iter().map(|list| self.items(list)).collect()
            }
            Some((value, None)) => {
                let wrong = format!("expected a list of lists: [[{}, …], …]", T::expects());
                self.wrong(value, Wrong::new(wrong));
                Vec::new()
            }
            None | Some((_, Some(_))) => {
                self.empty::<T>(key, "[[…], …]");
                Vec::new()
            }
        }
    }

    fn items<T: Value>(&self, value: &Spanned<DeValue<'a>>) -> Vec<T> {
        let Some(items) = value.get_ref().as_array() else {
            let wrong = Wrong::new(format!("expected a list: [{}, …]", T::expects()));
            self.wrong(
                value,
                match value.get_ref().as_str() {
                    Some(one) => wrong.hint(format!("write [\"{}\"]", shorten(one))),
                    None => wrong,
                },
            );
            return Vec::new();
        };
        items.iter().filter_map(|item| self.take(item)).collect()
    }

    /// A list that must be there and not be empty.
    pub(crate) fn some<T: Value>(&mut self, key: &'static str) -> Vec<T> {
        let list = self.list(key);
        let empty =
            self.value(key).is_none_or(|v| v.get_ref().as_array().is_some_and(|a| a.is_empty()));
        if list.is_empty() && empty {
            self.empty::<T>(key, "[…]");
        }
        list
    }

    fn empty<T: Value>(&self, key: &str, form: &str) {
        let says = format!("{} needs at least one entry in `{key}`", self.at.key);
        let finding = Finding::error("M-MISSING-KEY", self.at.field(key), says);
        self.finding(finding.hint(format!("add `{key} = {form}`: {}", T::expects())));
    }

    /// The tables under a key, by name: `[host.edge-01.nic.eth0]` is `eth0` under `nic`.
    pub(crate) fn tables(&mut self, key: &'static str) -> Vec<(String, Self)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            let says = format!("expected named tables: [{}.{key}.NAME]", self.at.key);
            self.wrong(value, Wrong::new(says));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (name, inner) in table {
            let key = format!("{}.{key}.{}", self.at.key, shorten(name.get_ref()));
            if let Some(fields) = self.inner(key, &name.span(), inner) {
                tables.push((name.get_ref().to_string(), fields));
            }
        }
        tables
    }

    /// The tables in a list: `[[rules.web.rule]]`.
    pub(crate) fn array(&mut self, key: &'static str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            let says = format!("expected a list of tables: [[{}.{key}]]", self.at.key);
            self.wrong(value, Wrong::new(says));
            return Vec::new();
        };
        let key = |number: usize| format!("{}.{key}[{number}]", self.at.key);
        let inner = items.iter().enumerate();
        inner.filter_map(|(n, item)| self.inner(key(n), &item.span(), item)).collect()
    }

    /// The one table under a key: `[neighbor.verixi.twin]`.
    pub(crate) fn table(&mut self, key: &'static str) -> Option<Self> {
        let value = self.value(key)?;
        self.inner(format!("{}.{key}", self.at.key), &value.span(), value)
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn done(self) {
        for (key, _) in self.table {
            if self.asked.contains(key.get_ref().as_ref()) {
                continue;
            }
            let says = format!("{} has no key `{}`", self.at.key, shorten(key.get_ref()));
            let finding = Finding::error("M-UNKNOWN-KEY", place(self.file, &key.span()), says);
            self.finding(match nearest(key.get_ref(), self.asked.iter().copied()) {
                Some(near) => finding.hint(format!("did you mean `{near}`?")),
                None => finding.hint(format!("its keys are {}", listing(&self.asked))),
            });
        }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.insert(key);
        self.table.get(key)
    }

    fn inner(
        &self,
        key: String,
        span: &Range<usize>,
        value: &'a Spanned<DeValue<'a>>,
    ) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong(value, Wrong::new(format!("expected a table for {key}")));
            return None;
        };
        let at = At::new(key, place(self.file, span));
        Some(Self::new(self.reading, table, at))
    }

    fn take<T: Value>(&self, value: &Spanned<DeValue<'a>>) -> Option<T> {
        match T::read(value.get_ref(), self.reading.names) {
            Ok(read) => Some(read),
            Err(wrong) => {
                self.wrong(value, wrong);
                None
            }
        }
    }

    fn wrong(&self, value: &Spanned<DeValue<'a>>, wrong: Wrong) {
        let at = place(self.file, &value.span());
        let mut finding = Finding::error(wrong.code, at, wrong.says).about(self.at.key.clone());
        finding.hint = wrong.hint;
        self.finding(finding);
    }
}

/// A span of the parser as a place.
pub(crate) fn place(file: u32, span: &Range<usize>) -> Place {
    let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Place { file, start: narrow(span.start), end: narrow(span.end) }
}

fn listing(keys: &BTreeSet<&'static str>) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
