//! What is printed where: results to standard output, talk to standard error, colours only on a terminal.

use model::finding::{self, Finding, Paint};
use model::{Severity, Source};
use std::io::{self, IsTerminal as _, Write as _};

/// More findings than this are only counted in text; `--format json` has them all.
const SHOWN_FINDINGS: usize = 100;

/// The two streams of the command.
pub(crate) struct Screen {
    out: io::BufWriter<io::Stdout>,
    paint: Paint,
}

/// The reader of our output went away, or the disk is full.
pub(crate) type Printed = io::Result<()>;

impl Screen {
    pub(crate) fn new() -> Self {
        let colour = io::stdout().is_terminal()
            && std::env::var("NO_COLOR").map_or(true, |value| value.is_empty())
            && std::env::var("TERM").map_or(true, |value| value != "dumb");
        let paint = if colour { Paint::Colour } else { Paint::Plain };
        Self { out: io::BufWriter::new(io::stdout()), paint }
    }

    /// One line of the result.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) -> Printed {
        writeln!(self.out, "{}", text.as_ref())
    }

    /// Text of the result as it is.
    pub(crate) fn text(&mut self, text: &str) -> Printed {
        self.out.write_all(text.as_bytes())
    }

    /// A value of the result as JSON.
    pub(crate) fn json(&mut self, value: &impl serde::Serialize) -> Printed {
        serde_json::to_writer_pretty(&mut self.out, value)?;
        self.line("")
    }

    /// Whether the result may have colours.
    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Shows what was printed so far.
    pub(crate) fn flush(&mut self) -> Printed {
        self.out.flush()
    }

    /// Something for the person at the terminal, beside the result.
    pub(crate) fn say(&mut self, text: impl AsRef<str>) {
        // Results that cannot be printed are reported when the command ends; of a standard error
        // that is closed nobody is left to tell.
        drop(self.out.flush());
        drop(writeln!(io::stderr(), "{}", text.as_ref()));
    }

    /// Why the command failed. A reader that went away (`ketupa … | head`) is no failure to talk about.
    pub(crate) fn complain(&mut self, error: &crate::commands::Error) {
        if !error.is_broken_pipe() {
            self.say(format!("error: {error}"));
        }
    }

    /// Findings as people read them, and how many there are.
    pub(crate) fn findings(&mut self, findings: &[Finding], sources: &[Source]) -> Printed {
        for finding in findings.iter().take(SHOWN_FINDINGS) {
            let text = finding::text(finding, sources, self.paint);
            self.line(text)?;
            self.line("")?;
        }
        let more = findings.len().saturating_sub(SHOWN_FINDINGS);
        if more > 0 {
            self.line(format!("… and {more} more; --format json shows them all"))?;
        }
        Ok(())
    }
}

/// "2 errors, 1 warning".
pub(crate) fn counted(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let plural =
        |count: usize, word| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
}
