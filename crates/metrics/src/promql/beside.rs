//! Series are worked on beside each other, on as many threads as the machine has for it.

use std::num::NonZero;
use std::sync::OnceLock;
use std::thread;

use super::Wrong;
use crate::index::SeriesId;

/// As many threads answer one question at most: others ask too, and senders wait meanwhile.
const THREADS: usize = 4;
/// What a question has to bring up for a thread, in the measure of [`super::eval::Eval::spend`]: less is
/// done sooner than the thread is there.
pub(super) const WORTH: usize = 1000;

/// How many threads a machine like this has for a question. It takes a while to find out.
fn most() -> usize {
    static MOST: OnceLock<usize> = OnceLock::new();
    *MOST.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get).min(THREADS))
}

/// Something of each series, in their order; the work on all of them is told in advance. Whoever works
/// has a state of its own.
pub(super) fn each<S: Clone + Send, R: Send>(
    series: &[SeriesId],
    work: usize,
    state: &S,
    one: impl Fn(&mut S, SeriesId) -> Result<R, Wrong> + Sync,
) -> Result<Vec<R>, Wrong> {
    let some = |part: &[SeriesId], mut state: S| -> Result<Vec<R>, Wrong> {
        part.iter().map(|series| one(&mut state, *series)).collect()
    };
    let threads = most().min(work / WORTH).min(series.len()).max(1);
    let mut parts = series.chunks(series.len().div_ceil(threads).max(1));
    let first = parts.next().unwrap_or_default();
    let some = &some;
    thread::scope(|scope| {
        let begun: Vec<_> = parts
            .map(|part| {
                let state = state.clone();
                let begun = thread::Builder::new().spawn_scoped(scope, move || some(part, state));
                (part, begun)
            })
            .collect();
        let mut all = some(first, state.clone())?;
        for (part, begun) in begun {
            all.extend(match begun {
                Ok(thread) => thread.join().unwrap_or_else(|_| Err(broken()))?,
                // The system has no more threads: then it is done here.
                Err(_) => some(part, state.clone())?,
            });
        }
        Ok(all)
    })
}

fn broken() -> Wrong {
    Wrong::Answer("a part of the question could not be answered".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(count: u32, work: usize) -> Result<Vec<u32>, Wrong> {
        let series: Vec<SeriesId> = (0..count).collect();
        each(&series, work, &0_u32, |seen, series| {
            *seen += 1;
            if series == 77 { Err(Wrong::Stopped) } else { Ok(series * 2) }
        })
    }

    #[test]
    fn the_order_stays_however_many_work() {
        for work in [0, 2 * WORTH, 100 * WORTH] {
            for count in [0, 1, 2, 3, 5, 50] {
                let expected: Vec<u32> = (0..count).map(|series| series * 2).collect();
                assert_eq!(doubled(count, work), Ok(expected), "{count} of {work}");
            }
            assert_eq!(doubled(100, work), Err(Wrong::Stopped));
        }
    }
}
