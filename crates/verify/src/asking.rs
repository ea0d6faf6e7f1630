//! Flows as they are asked about in thousands of states: what is needed of each every time, side by side.

use crate::columns::Memory;
use crate::onward::CourseNumber;
use crate::questions::{Asked, Questions};

/// A flow, and what is asked of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking {
    flow: u32,
    course: u32,
    origin: u32,
    /// Under how many failures anything is asked of it.
    most: u8,
    /// Whether nothing is asked of it but what always holds.
    plain: bool,
}

impl Asking {
    /// Every flow, those of one course after each other: what is known of it stays at hand.
    pub(crate) fn all(questions: &Questions, memory: &Memory<'_>) -> Vec<Self> {
        let asking = |flow: usize| Self {
            flow: flow as u32,
            course: memory.course(flow) as u32,
            origin: questions.origin_of[flow] as u32,
            most: questions.most_of[flow],
            plain: questions.asked[flow].iter().all(|asked| *asked == Asked::Always),
        };
        let mut all: Vec<Self> = (0..questions.flows.len()).map(asking).collect();
        all.sort_by_key(|one| (one.course, one.flow));
        all
    }

    /// The number of the flow.
    pub(crate) fn flow(self) -> usize {
        self.flow as usize
    }

    /// The number of its course, if what packets come to on it may answer everything that is asked.
    pub(crate) fn plain(self) -> Option<CourseNumber> {
        self.plain.then_some(self.course as usize)
    }

    /// Where it starts, among the origins.
    pub(crate) fn origin(self) -> usize {
        self.origin as usize
    }

    /// Whether anything is asked of it after so many failures.
    pub(crate) fn counts_after(self, failures: usize) -> bool {
        failures <= usize::from(self.most)
    }
}
