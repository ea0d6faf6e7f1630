//! What is wrong, where, and what to do: the one shape in which every stage speaks to the operator.

use crate::source::{Place, Source};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;
use std::ops::Range;

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

/// The finding whose line may hold a secret: only its place is shown, never the line.
pub(crate) const UNQUOTED: &str = "M-SECRET";

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
    for quote in quotes(finding, sources) {
        let window = quote.window().filter(|_| finding.code != UNQUOTED);
        group = match window {
            Some(window) => group.element(quote.snippet(window)),
            None => group.elements(quote.origins()),
        };
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.message(tame(hint)));
    }
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Colour => Renderer::styled(),
    };
    renderer.render(&[group])
}

/// A hint without what drives a terminal or turns the direction of writing: the renderer takes it out
/// of titles and quotes, but not out of messages.
fn tame(text: &str) -> String {
    let wild = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(wild, "\u{fffd}")
}

/// Places this far apart in a file are quoted apart.
const NEAR_BYTES: usize = 32 << 10;
/// The longest piece of a file that is quoted; of longer lines only the place is told.
const QUOTE_BYTES: usize = 64 << 10;
/// The longest range that is underlined; of longer ones the beginning is.
const MARK_BYTES: usize = 4 << 10;

/// A marked range: the primary one has no words of its own.
struct Mark<'a> {
    range: Range<usize>,
    says: Option<&'a str>,
}

/// Marked ranges of one file that are quoted together.
struct Quote<'a> {
    file: u32,
    source: &'a Source,
    marks: Vec<Mark<'a>>,
}

/// Whole lines of a file: the number of the first, the offset of its first byte, the text.
#[derive(Clone, Copy)]
struct Window<'a> {
    line: usize,
    start: usize,
    text: &'a str,
}

/// What a finding quotes: its own place first.
fn quotes<'a>(finding: &'a Finding, sources: &'a [Source]) -> Vec<Quote<'a>> {
    let own = finding.place.iter().map(|place| (*place, None));
    let also = finding.also.iter().map(|(place, says)| (*place, Some(says.as_str())));
    let mut quotes: Vec<Quote<'a>> = Vec::new();
    for (place, says) in own.chain(also) {
        let Some(source) = sources.get(place.file as usize) else { continue };
        let mark = Mark { range: range(place, source), says };
        match quotes.iter_mut().find(|quote| quote.file == place.file && quote.is_near(&mark)) {
            Some(quote) => quote.marks.push(mark),
            None => quotes.push(Quote { file: place.file, source, marks: vec![mark] }),
        }
    }
    quotes
}

impl<'a> Quote<'a> {
    fn is_near(&self, mark: &Mark<'_>) -> bool {
        self.marks.iter().all(|own| own.range.start.abs_diff(mark.range.start) <= NEAR_BYTES)
    }

    /// The whole lines that hold every mark; none if they are too long.
    fn window(&self) -> Option<Window<'a>> {
        let start = self.marks.iter().map(|mark| mark.range.start).min()?;
        let end = self.marks.iter().map(|mark| mark.range.end).max()?;
        let (line, start) = self.source.line(u32::try_from(start).ok()?);
        let rest = self.source.text.get(end..).unwrap_or_default();
        let end = end + rest.find('\n').unwrap_or(rest.len());
        let text = self.source.text.get(start..end)?;
        (text.len() <= QUOTE_BYTES).then_some(Window { line, start, text })
    }

    fn snippet(&self, window: Window<'a>) -> Snippet<'a, Annotation<'a>> {
        let inside = |range: &Range<usize>| range.start - window.start..range.end - window.start;
        let marks = self.marks.iter().map(|mark| match mark.says {
            None => AnnotationKind::Primary.span(inside(&mark.range)),
            Some(says) => AnnotationKind::Context.span(inside(&mark.range)).label(says),
        });
        let snippet = Snippet::source(window.text).path(&self.source.path);
        snippet.line_start(window.line).annotations(marks)
    }

    /// The places alone.
    fn origins(&self) -> impl Iterator<Item = Origin<'a>> {
        self.marks.iter().map(|mark| {
            let offset = u32::try_from(mark.range.start).unwrap_or(u32::MAX);
            let (line, column) = self.source.line_column(offset);
            Origin::path(&self.source.path).line(line).char_column(column)
        })
    }
}

/// A range that is safe to quote: inside the text, on character boundaries, not too long.
fn range(place: Place, source: &Source) -> Range<usize> {
    let fit = |offset: usize| {
        let mut at = offset.min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = fit(place.start as usize);
    let end = fit((place.end as usize).min(start + MARK_BYTES));
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
