//! The proof with this machine's threads.

use model::Isp;
use verify::{Diff, Options, Report};

pub(super) use verify::ask::{Asked, path, singles, what_if, who_answers};
pub(super) use verify::order::order;

/// As many things failing at once, on every processor.
fn options(failures: u8) -> Options {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Options { failures, threads }
}

/// Judges every property.
pub(super) fn prove(isp: &Isp, failures: u8) -> Report {
    verify::prove(isp, options(failures))
}

/// Judges what a change can touch.
pub(super) fn prove_since(old: &Isp, isp: &Isp, failures: u8) -> Report {
    verify::prove_since(old, isp, options(failures))
}

/// What is different between two versions; what holds no more is looked for under single failures.
pub(super) fn diff(old: &Isp, new: &Isp) -> Diff {
    verify::diff::diff(old, new, options(1))
}
