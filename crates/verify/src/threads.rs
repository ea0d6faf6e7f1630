//! Work that is shared among threads.

use std::panic::resume_unwind;
use std::thread;

/// Does something for each of a few: one after the other, or each in a thread of its own.
pub(crate) fn each<T: Send, R: Send>(
    threads: usize,
    few: impl IntoIterator<Item = T>,
    act: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    if threads <= 1 {
        return few.into_iter().map(act).collect();
    }
    let act = &act;
    thread::scope(|scope| {
        let running: Vec<_> = few.into_iter().map(|one| scope.spawn(move || act(one))).collect();
        let ended = running.into_iter().map(thread::ScopedJoinHandle::join);
        // What a thread did not come to must not pass for nothing.
        ended.map(|one| one.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Does something for each of many, a share of them in each thread.
pub(crate) fn in_shares<T: Sync, R: Send>(
    threads: usize,
    many: &[T],
    act: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let share = many.len().div_ceil(threads.max(1)).max(1);
    let shares =
        each(threads, many.chunks(share), |some| some.iter().map(&act).collect::<Vec<_>>());
    shares.into_iter().flatten().collect()
}

/// Does two things: one after the other, or at once.
pub(crate) fn both<A: Send, B>(
    threads: usize,
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    if threads <= 1 {
        return (one(), other());
    }
    thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        (one.join().unwrap_or_else(|panic| resume_unwind(panic)), other)
    })
}
