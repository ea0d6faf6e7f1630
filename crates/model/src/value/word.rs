//! Closed sets of words, and the word that somebody probably meant.

use super::{Value, Wrong, unexpected};
use crate::names::Names;
use toml::de::DeValue;

/// A closed set of words.
pub(crate) trait Word: Copy + 'static {
    /// Every word with what it means.
    const WORDS: &'static [(&'static str, Self)];
}

impl<T: Word> Value for T {
    fn expects() -> String {
        let words: Vec<String> = T::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("one of {}", words.join(", "))
    }
    fn read(value: &DeValue<'_>, _: &Names) -> Result<Self, Wrong> {
        let text = value.as_str().ok_or_else(|| unexpected::<T>(value))?;
        let found = T::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let wrong = unexpected::<T>(value);
            match nearest(text, T::WORDS.iter().map(|(word, _)| *word)) {
                Some(word) => wrong.hint(format!("did you mean \"{word}\"?")),
                None => wrong,
            }
        })
    }
}

/// The word for a variant.
pub(crate) fn word<T: Word + PartialEq>(meaning: T) -> &'static str {
    T::WORDS.iter().find(|(_, variant)| *variant == meaning).map_or("?", |(word, _)| word)
}

/// The candidate that somebody probably meant.
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if written.len() > 80 {
        return None;
    }
    let length = written.chars().count();
    let limit = 1 + length / 4;
    // So many letters more or less are already too much.
    let like = |word: &&str| word.chars().count().abs_diff(length) <= limit;
    let scored = candidates.into_iter().filter(like);
    let scored = scored.map(|word| (strsim::damerau_levenshtein(written, word), word));
    scored.filter(|(distance, _)| *distance <= limit).min().map(|(_, word)| word)
}
