//! The sentences that say why a run ended as it did. Pages know them by these words, and say them in other
//! languages; what a system said stands as it came.

/// Its process was ended by a signal.
pub const KILLED: &str = "its guard was killed";
/// It reached its time limit, in seconds.
pub const TOO_LONG: &str = "it took longer than {} s";
/// Somebody wanted it to end.
pub const CANCELLED: &str = "cancelled";
/// Who wanted it to end.
pub const CANCELLED_BY: &str = "cancelled by {}";
/// Its server ends, and it is another's.
pub const HANDED_BACK: &str = "its server stopped: it waits for another";
/// Its server is gone.
pub const DIED: &str = "the server that had it died under it";

/// All of them that pages show.
pub const ALL: [&str; 6] = [KILLED, TOO_LONG, CANCELLED, CANCELLED_BY, HANDED_BACK, DIED];

/// A sentence with what it is about in its gap.
pub fn about(sentence: &str, what: &str) -> String {
    sentence.replacen("{}", what, 1)
}
