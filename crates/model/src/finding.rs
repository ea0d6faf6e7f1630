//! What is wrong, where, and what to do: the one shape in which every stage speaks to the operator.

use crate::source::{Place, Source};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is rendered while it stands.
    Error,
    /// Worth mending; does not stop a change.
    Warning,
}

/// One thing that is wrong with the declared network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable identifier, such as `M-UNKNOWN-KEY` or `N4-VRID`; `ketupa explain CODE` says more.
    pub code: &'static str,
    /// Whether it stops a change.
    pub severity: Severity,
    /// The place to open; none for the directory as a whole.
    pub place: Option<Place>,
    /// One sentence: what is wrong.
    pub says: String,
    /// One way out.
    pub hint: Option<String>,
    /// Other places that belong to it, each with a few words.
    pub also: Vec<(Place, String)>,
    /// The objects it is about, as `kind.name`: what a waiver names.
    pub about: Vec<String>,
}

impl Finding {
    /// An error at a place.
    pub fn error(code: &'static str, place: Place, says: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            place: Some(place),
            says: says.into(),
            hint: None,
            also: Vec::new(),
            about: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, place: Place, says: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, place, says) }
    }

    /// An error about the directory as a whole.
    pub fn everywhere(code: &'static str, says: impl Into<String>) -> Self {
        Self { place: None, ..Self::error(code, Place::default(), says) }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, place: Place, says: impl Into<String>) -> Self {
        self.also.push((place, says.into()));
        self
    }

    /// Names an object that it is about, as `kind.name`.
    #[must_use]
    pub fn about(mut self, key: impl Into<String>) -> Self {
        self.about.push(key.into());
        self
    }
}

/// Puts findings into the order in which people read: by file, place, then code.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| {
        (a.place, a.code, &a.says, &a.about).cmp(&(b.place, b.code, &b.says, &b.about))
    });
    findings.dedup();
}

/// How findings are written for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// No escape sequence.
    Plain,
    /// Colours for a terminal.
    Colour,
}

/// One finding as text: the sentence, the source line with a caret, the hint.
pub fn text(finding: &Finding, sources: &[Source], paint: Paint) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(finding.says.as_str()).id(finding.code));
    for snippet in snippets(finding, sources) {
        group = group.element(snippet);
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colour => Renderer::styled(),
    };
    renderer.render(&[group])
}

type Marked<'a> = Snippet<'a, annotate_snippets::Annotation<'a>>;

/// The quoted source lines, one snippet for each file that the finding touches.
fn snippets<'a>(finding: &'a Finding, sources: &'a [Source]) -> Vec<Marked<'a>> {
    let mut files: Vec<u32> = Vec::new();
    for place in finding.place.iter().chain(finding.also.iter().map(|(place, _)| place)) {
        if !files.contains(&place.file) {
            files.push(place.file);
        }
    }
    let marked = |file: &u32| {
        let source = sources.get(*file as usize)?;
        let mut snippet = Snippet::source(&source.text).path(&source.path);
        if let Some(place) = finding.place.filter(|place| place.file == *file) {
            snippet = snippet.annotation(AnnotationKind::Primary.span(range(place, source)));
        }
        for (place, says) in finding.also.iter().filter(|(place, _)| place.file == *file) {
            let context = AnnotationKind::Context.span(range(*place, source));
            snippet = snippet.annotation(context.label(says.as_str()));
        }
        Some(snippet)
    };
    files.iter().filter_map(marked).collect()
}

/// A range that is safe to quote: inside the text and on character boundaries.
fn range(place: Place, source: &Source) -> std::ops::Range<usize> {
    let fit = |offset: u32| {
        let mut at = (offset as usize).min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (fit(place.start), fit(place.end));
    start..end.max(start)
}

/// One finding as JSON for editors and CI. Lines and columns count from 1.
#[derive(Debug, Serialize)]
pub struct FindingJson<'a> {
    code: &'a str,
    severity: Severity,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    message: &'a str,
    hint: Option<&'a str>,
    about: &'a [String],
    related: Vec<RelatedJson<'a>>,
}

#[derive(Debug, Serialize)]
struct RelatedJson<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
}

/// The JSON form of a finding.
pub fn json<'a>(finding: &'a Finding, sources: &'a [Source]) -> FindingJson<'a> {
    let source = |place: Place| sources.get(place.file as usize);
    let start = finding.place.and_then(|place| Some(source(place)?.line_column(place.start)));
    let end = finding.place.and_then(|place| Some(source(place)?.line_column(place.end)));
    let related = |(place, says): &'a (Place, String)| {
        let source = source(*place)?;
        let (line, column) = source.line_column(place.start);
        Some(RelatedJson { file: &source.path, line, column, message: says })
    };
    FindingJson {
        code: finding.code,
        severity: finding.severity,
        file: finding.place.and_then(source).map(|source| source.path.as_str()),
        line: start.map(|(line, _)| line),
        column: start.map(|(_, column)| column),
        end_line: end.map(|(line, _)| line),
        end_column: end.map(|(_, column)| column),
        message: &finding.says,
        hint: finding.hint.as_deref(),
        about: &finding.about,
        related: finding.also.iter().filter_map(related).collect(),
    }
}
