//! Prints policy as configuration for BIRD 2.0.12 and later. The same policy always gives the same text.

mod condition;
mod statement;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::reason::REASON_FUNCTION;
use crate::route::{Family, Large};
use crate::set::PrefixPattern;
use crate::tree::{Action, Condition, Filter, Function, PathCondition, Statement};

/// In front of every name that we print: BIRD has many reserved words, `s` and `ebgp` among them.
pub const PREFIX: &str = "kt_";

/// What is printed with the filters.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Our ASN: printed as `KT_ASN` inside large communities.
    pub own_asn: u32,
    /// Large communities that get a name: printed as `KT_` and the name.
    pub large: Vec<(Large, &'static str)>,
}

/// Two different things have one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The name.
    pub name: String,
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "two different constants, functions or filters are named {}", self.name)
    }
}

impl std::error::Error for Clash {}

/// The name by which a channel refers to a filter: `import filter kt_…`.
pub fn filter_name(filter: &Filter) -> String {
    lower(&filter.name)
}

/// All filters with the constants and functions that they need, each once, in an order that BIRD
/// accepts. ROA tables must be declared above this text.
pub fn print(filters: &[Filter], names: &Names) -> Result<String, Clash> {
    let mut pieces = Pieces::default();
    for filter in filters {
        pieces.walk(&filter.body, names, Some(filter.family))?;
        let text = statement::filter(filter, names);
        pieces.add(Kind::Filter, &filter_name(filter), text)?;
    }
    Ok([head(names), pieces.constants, pieces.functions, pieces.filters].concat())
}

/// What every set of filters begins with: our ASN, named communities, and how to refuse.
fn head(names: &Names) -> String {
    let plain = Names { large: Vec::new(), ..names.clone() };
    let marks = names.large.iter().map(|(large, name)| {
        let value = large_text(*large, &plain);
        format!("define {} = {value};\n", upper(name))
    });
    let marks = marks.collect::<Vec<_>>().concat();
    format!(
        "define KT_ASN = {};
{marks}
# Refuses a route and tells why: `birdc show route filtered all` shows the community.
function kt_refuse(int kt_reason)
{{
    bgp_large_community.add((KT_ASN, {REASON_FUNCTION}, kt_reason));
    reject;
}}
",
        names.own_asn
    )
}

#[derive(Clone, Copy)]
enum Kind {
    Constant,
    Function,
    Filter,
}

/// The text so far, and what each name in it stands for.
#[derive(Default)]
struct Pieces {
    known: BTreeMap<String, String>,
    constants: String,
    functions: String,
    filters: String,
}

impl Pieces {
    /// Adds a piece unless it is there.
    fn add(&mut self, kind: Kind, name: &str, text: String) -> Result<(), Clash> {
        match self.known.get(name) {
            Some(known) if *known == text => return Ok(()),
            Some(_) => return Err(Clash { name: name.to_owned() }),
            None => {}
        }
        let (page, space) = match kind {
            Kind::Constant if self.constants.is_empty() => (&mut self.constants, "\n"),
            Kind::Constant => (&mut self.constants, ""),
            Kind::Function => (&mut self.functions, "\n"),
            Kind::Filter => (&mut self.filters, "\n"),
        };
        *page += space;
        *page += &text;
        self.known.insert(name.to_owned(), text);
        Ok(())
    }

    fn walk(
        &mut self,
        statements: &[Statement],
        names: &Names,
        family: Option<Family>,
    ) -> Result<(), Clash> {
        for statement in statements {
            match statement {
                Statement::Do(Action::DeletePath(set)) => self.asns(set)?,
                Statement::If { when, then, otherwise } => {
                    self.constants_of(when, family)?;
                    self.walk(then, names, family)?;
                    self.walk(otherwise, names, family)?;
                }
                Statement::Call(function) => {
                    if statement::callable(function, family) {
                        self.function(function, names)?;
                    }
                }
                Statement::Note(_) | Statement::Do(_) => {}
            }
        }
        Ok(())
    }

    fn function(&mut self, function: &Arc<Function>, names: &Names) -> Result<(), Clash> {
        self.walk(&function.body, names, function.family)?;
        let text = statement::function(function, names);
        self.add(Kind::Function, &lower(&function.name), text)
    }

    fn constants_of(&mut self, condition: &Condition, family: Option<Family>) -> Result<(), Clash> {
        match condition {
            Condition::Not(inner) => self.constants_of(inner, family)?,
            Condition::All(all) | Condition::Any(all) => {
                for inner in all {
                    self.constants_of(inner, family)?;
                }
            }
            Condition::Net(set) if family.is_none_or(|family| family == set.family()) => {
                if let Some(name) = set.name.as_ref().filter(|_| !set.patterns().is_empty()) {
                    let items = set.patterns().iter().map(pattern_text).collect::<Vec<_>>();
                    self.constant(name, &items)?;
                }
            }
            Condition::Path(
                PathCondition::Contains(set)
                | PathCondition::Origin(set)
                | PathCondition::Within(set),
            ) => {
                self.asns(set)?;
            }
            Condition::Net(_)
            | Condition::Always
            | Condition::Family(_)
            | Condition::Length(..)
            | Condition::Path(_)
            | Condition::Origin(_)
            | Condition::LocalPref(_)
            | Condition::Med(_)
            | Condition::Community(_)
            | Condition::Large(_)
            | Condition::CommunitiesAtLeast(_)
            | Condition::LargeAtLeast(_)
            | Condition::NextHop(_)
            | Condition::Source(_)
            | Condition::Unreachable
            | Condition::Roa { .. } => {}
        }
        Ok(())
    }

    fn asns(&mut self, set: &crate::set::AsnSet) -> Result<(), Clash> {
        match set.name.as_ref().filter(|_| !set.ranges().is_empty()) {
            Some(name) => self.constant(name, &condition::asn_items(set)),
            None => Ok(()),
        }
    }

    fn constant(&mut self, name: &str, items: &[String]) -> Result<(), Clash> {
        let name = upper(name);
        let text = format!("define {name} = {};\n", list(items));
        self.add(Kind::Constant, &name, text)
    }
}

/// A set's items between brackets, on as many lines as it takes.
fn list(items: &[String]) -> String {
    let one_line = format!("[ {} ]", items.join(", "));
    if one_line.len() <= 60 {
        return one_line;
    }
    let mut lines = vec![String::new()];
    for (index, item) in items.iter().enumerate() {
        let comma = if index + 1 < items.len() { "," } else { "" };
        let full = |line: &String| !line.is_empty() && line.len() + item.len() > 74;
        if lines.last().is_some_and(full) {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            let space = if line.is_empty() { "    " } else { " " };
            *line += &[space, item, comma].concat();
        }
    }
    format!("[\n{}\n]", lines.join("\n"))
}

fn pattern_text(pattern: &PrefixPattern) -> String {
    let net = pattern.net();
    let bits = Family::of(&net).bits();
    let length = net.prefix_len();
    match pattern.span() {
        (low, high) if (low, high) == (length, length) => net.to_string(),
        (low, high) if (low, high) == (length, bits) => format!("{net}+"),
        (low, high) if (low, high) == (0, length) => format!("{net}-"),
        (low, high) => format!("{net}{{{low},{high}}}"),
    }
}

fn large_text(large: Large, names: &Names) -> String {
    match names.large.iter().find(|(known, _)| *known == large) {
        Some((_, name)) => upper(name),
        None => format!("({}, {}, {})", asn_text(large.0, names), large.1, large.2),
    }
}

fn asn_text(asn: u32, names: &Names) -> String {
    if asn == names.own_asn { "KT_ASN".to_owned() } else { asn.to_string() }
}

/// A function's or filter's name: `kt_import_verixi_v4`.
fn lower(name: &str) -> String {
    PREFIX.to_owned() + &word(name).to_lowercase()
}

/// A constant's name: `KT_BOGON_ASNS`.
fn upper(name: &str) -> String {
    PREFIX.to_uppercase() + &word(name).to_uppercase()
}

fn word(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
