//! Goes through the lines that a pipeline wants.

use memchr::memmem::Finder;

use super::ast::{LineFilter, Needle, Pipeline, Stage, Want};
use super::stage::Passing;
use super::{Budget, Scanned, Trouble};
use crate::store::{Cluster, Picked};
use crate::token;

/// What is looked for, and what that has cost.
pub(crate) struct Scan<'a> {
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) budget: &'a Budget<'a>,
    pub(crate) scanned: &'a mut Scanned,
}

/// The filters that see the line as it was sent.
fn first_filters(pipeline: &Pipeline) -> impl Iterator<Item = &Needle> {
    let unchanged = |stage: &&Stage| !matches!(stage, Stage::LineFormat(_) | Stage::Decolorize);
    pipeline.stages.iter().take_while(unchanged).filter_map(|stage| match stage {
        Stage::Line(LineFilter { want: Want::Has, any }) if any.len() == 1 => any.first(),
        Stage::Line(_)
        | Stage::Json(_)
        | Stage::Logfmt(_)
        | Stage::Pattern(_)
        | Stage::Regexp(_)
        | Stage::Label(_)
        | Stage::LineFormat(_)
        | Stage::LabelFormat(_)
        | Stage::Drop(_)
        | Stage::Keep(_)
        | Stage::Decolorize => None,
    })
}

/// Words that each wanted line has.
fn words(pipeline: &Pipeline) -> Vec<u64> {
    let words = first_filters(pipeline).flat_map(|needle| match needle {
        Needle::Text(text) => token::inner_words(text),
        Needle::Regex(regex) => token::whole_word(regex.as_str()).into_iter().collect(),
    });
    words.collect()
}

/// The longest text that each wanted line has.
fn part(pipeline: &Pipeline) -> Option<&str> {
    let texts = first_filters(pipeline).filter_map(|needle| match needle {
        Needle::Text(text) => Some(text.as_str()),
        // The word is shorter than the expression by `\b` on both sides.
        Needle::Regex(regex) => {
            token::whole_word(regex.as_str())?;
            regex.as_str().strip_prefix(r"\b")?.strip_suffix(r"\b")
        }
    });
    texts.filter(|text| !text.is_empty()).max_by_key(|text| text.len())
}

impl Scan<'_> {
    /// Shows every wanted line of clusters within a time, both ends included; `more` is asked before
    /// each cluster whether it is of interest.
    pub(crate) fn visit<'a, T>(
        &mut self,
        clusters: impl Iterator<Item = (Cluster<'a>, &'a Picked)>,
        window: (i64, i64),
        state: &mut T,
        (more, visit): (
            impl Fn(&mut T, &Cluster<'_>) -> bool,
            impl Fn(&mut T, Passing<'_>) -> Result<(), Trouble>,
        ),
    ) -> Result<(), Trouble> {
        let words = words(self.pipeline);
        let finder = part(self.pipeline).map(Finder::new);
        for (cluster, picked) in clusters {
            if !more(state, &cluster) {
                break;
            }
            if (self.budget.stop)() {
                return Err(Trouble::Stopped);
            }
            let Some(block) = cluster.block(&words, &picked.damage) else { continue };
            self.spend(block.text.len())?;
            let places = block.places(window.0, window.1);
            for (place, line) in block.lines(finder.as_ref()) {
                if place >= places.end {
                    break;
                }
                let Some(time) = block.times.get(place).filter(|_| place >= places.start) else {
                    continue;
                };
                let known = block.metadata.get(&(place as u32));
                let mut passing = Passing::new(*time, line, cluster.labels, known);
                if passing.passes(&self.pipeline.stages) {
                    self.scanned.lines += 1;
                    visit(state, passing)?;
                }
            }
        }
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Trouble> {
        self.scanned.bytes += bytes as u64;
        if self.scanned.bytes <= self.budget.bytes {
            return Ok(());
        }
        Err(Trouble::Question(format!(
            "more than {} bytes of logs to look through: ask for less time or fewer streams, or filter by a whole word",
            self.budget.bytes
        )))
    }
}
