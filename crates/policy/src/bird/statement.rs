//! Statements, functions and filters in BIRD's words.

use super::{Names, asn_text, condition, filter_name, large_text, lower};
use crate::reason::Reason;
use crate::route::{Community, Family};
use crate::tree::{Action, Condition, Filter, Function, Statement};

/// Whether a call makes sense where this family is known.
pub(super) fn callable(function: &Function, family: Option<Family>) -> bool {
    function.family.is_none() || family.is_none() || function.family == family
}

/// A function with its comment.
pub(super) fn function(function: &Function, names: &Names) -> String {
    let mut page = Page { names, family: function.family, text: comment(&function.about) };
    page.line(0, &format!("function {}()", lower(&function.name)));
    page.line(0, "{");
    page.block(&function.body, 1);
    page.text + "}\n"
}

/// A filter with its comment.
pub(super) fn filter(filter: &Filter, names: &Names) -> String {
    let mut page = Page { names, family: Some(filter.family), text: comment(&filter.about) };
    page.line(0, &format!("filter {}", filter_name(filter)));
    page.line(0, "{");
    page.block(&filter.body, 1);
    let end = match filter.otherwise {
        Some(reason) => Action::Reject(reason),
        None => Action::Accept,
    };
    page.statement(&Statement::Do(end), 1);
    page.text + "}\n"
}

fn comment(about: &str) -> String {
    about.lines().flat_map(|line| ["# ", line, "\n"]).collect()
}

/// A text that grows line by line.
struct Page<'a> {
    names: &'a Names,
    family: Option<Family>,
    text: String,
}

impl Page<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        let indent = "    ".repeat(depth);
        for (index, line) in text.lines().enumerate() {
            self.text += &indent;
            self.text += if index == 0 { "" } else { "    " };
            self.text += line;
            self.text += "
";
        }
    }

    fn block(&mut self, statements: &[Statement], depth: usize) {
        for statement in statements {
            self.statement(statement, depth);
        }
    }

    fn statement(&mut self, statement: &Statement, depth: usize) {
        match statement {
            Statement::Note(note) => {
                for line in note.lines() {
                    self.line(depth, &format!("# {line}"));
                }
            }
            Statement::Do(action) => {
                for line in action_lines(action, self.names) {
                    self.line(depth, &line);
                }
            }
            Statement::If { when, then, otherwise } => self.choice(when, (then, otherwise), depth),
            Statement::Call(function) => self.call(function, depth),
        }
    }

    fn call(&mut self, function: &Function, depth: usize) {
        let call = format!("{}();", lower(&function.name));
        match (self.family, function.family) {
            (None, Some(family)) => {
                let when = condition::text(&Condition::Family(family), self.names, None);
                self.line(depth, &format!("if {when} then {call}"));
            }
            _ if callable(function, self.family) => self.line(depth, &call),
            _ => {}
        }
    }

    fn choice(
        &mut self,
        when: &Condition,
        (then, otherwise): (&[Statement], &[Statement]),
        depth: usize,
    ) {
        let when = condition::text(when, self.names, self.family);
        if let ([Statement::Do(action)], []) = (then, otherwise)
            && let [only] = action_lines(action, self.names).as_slice()
        {
            let line = format!("if {when} then {only}");
            let (code, note) = only.split_once("  # ").unwrap_or((only, ""));
            if line.len() <= 92 || note.is_empty() {
                self.line(depth, &line);
            } else {
                self.line(depth, &format!("# {note}"));
                self.line(depth, &format!("if {} then {code}", broken(&when)));
            }
            return;
        }
        self.line(depth, &format!("if {} then {{", broken(&when)));
        self.block(then, depth + 1);
        if !otherwise.is_empty() {
            self.line(depth, "} else {");
            self.block(otherwise, depth + 1);
        }
        self.line(depth, "}");
    }
}

/// A long condition, one part a line.
fn broken(when: &str) -> String {
    match when.len() {
        ..=76 => when.to_owned(),
        _ => when.replace(" || ", "\n|| ").replace(" && ", "\n&& "),
    }
}

fn action_lines(action: &Action, names: &Names) -> Vec<String> {
    let line = match action {
        Action::SetLocalPref(value) => format!("bgp_local_pref = {value};"),
        Action::SetMed(value) => format!("bgp_med = {value};"),
        Action::SetOrigin(origin) => format!("bgp_origin = {};", condition::origin_text(*origin)),
        Action::AddCommunity(community) => {
            format!("bgp_community.add({community});{}", known(*community))
        }
        Action::DeleteCommunities(set) => match set.patterns() {
            [] => return Vec::new(),
            _ => format!("bgp_community.delete({});", condition::community_set(set, names)),
        },
        Action::ClearCommunities => "bgp_community = -empty-;".to_owned(),
        Action::AddLarge(large) => {
            format!("bgp_large_community.add({});", large_text(*large, names))
        }
        Action::DeleteLarge(set) => match set.patterns() {
            [] => return Vec::new(),
            _ => format!("bgp_large_community.delete({});", condition::large_set(set, names)),
        },
        Action::ClearLarge => "bgp_large_community = ---empty---;".to_owned(),
        Action::Prepend { asn, times } => {
            let line = format!("bgp_path.prepend({});", asn_text(*asn, names));
            return vec![line; usize::from(*times)];
        }
        Action::DeletePath(set) => match set.ranges() {
            [] => return Vec::new(),
            _ => format!("bgp_path.delete({});", condition::asn_set(set)),
        },
        Action::Blackhole => "dest = RTD_BLACKHOLE;".to_owned(),
        Action::Accept => "accept;".to_owned(),
        Action::Reject(reason) => refuse(*reason),
    };
    vec![line]
}

fn refuse(reason: Reason) -> String {
    format!("kt_refuse({});  # {reason}", reason.number)
}

fn known(community: Community) -> &'static str {
    match community {
        Community::BLACKHOLE => "  # blackhole, RFC 7999",
        Community::GRACEFUL_SHUTDOWN => "  # graceful shutdown, RFC 8326",
        Community::NO_EXPORT => "  # no-export",
        Community::NO_ADVERTISE => "  # no-advertise",
        Community(..) => "",
    }
}
