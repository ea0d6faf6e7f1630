//! A rule that the declared network must keep: with an identifier, an explanation and a search.

use model::{Finding, Isp};

/// One rule. What breaks it is found by a pure function of the model.
#[derive(Clone, Copy)]
pub struct Invariant {
    /// Stable identifier, such as `N4-VRID`: the row of the mission, then a word.
    pub code: &'static str,
    /// One line: what it says, for lists.
    pub title: &'static str,
    /// Whether it stops a change.
    pub level: Level,
    /// One page for `ketupa explain`: why it matters, what happens otherwise, how to mend it,
    /// and where it comes from (RFC and section, manual). Markdown.
    pub page: &'static str,
    /// Everything that breaks it. The severity is set by the caller from `level`.
    pub find: fn(&Isp) -> Vec<Finding>,
}

/// How bad it is to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The network would be broken: nothing is rendered.
    Error,
    /// Worth mending: said at every check, stops nothing.
    Warning,
}

impl std::fmt::Debug for Invariant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invariant").field("code", &self.code).finish_non_exhaustive()
    }
}
