//! Which language a page speaks, and the texts of each.

use super::place_here;
use crate::access::cookie;
use crate::server::App;
use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use std::borrow::Cow;
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const COOKIE: &str = "lang";
const ENGLISH: &str = include_str!("texts/en.toml");
const FRENCH: &str = include_str!("texts/fr.toml");

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    /// The one that was chosen, else the first one that the browser likes.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let liked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let chosen = cookie(headers, COOKIE).and_then(Self::read);
        chosen.or_else(|| preferred(liked?)).unwrap_or(Self::English)
    }

    fn read(word: &str) -> Option<Self> {
        match word {
            "en" => Some(Self::English),
            "fr" => Some(Self::French),
            _ => None,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }
}

/// The best of `fr-BE, en;q=0.8`.
fn preferred(header: &str) -> Option<Language> {
    let parts = header.split(',').filter_map(|part| {
        let mut words = part.trim().split(';');
        let language = Language::read(words.next()?.split('-').next()?)?;
        let weight = words.find_map(|word| word.trim().strip_prefix("q=")?.parse::<f32>().ok());
        Some((language, weight.unwrap_or(1.0)))
    });
    // Of two that are liked as much, the first.
    let best = parts.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.filter(|(_, weight)| *weight > 0.0).map(|(language, _)| language)
}

/// The texts of both languages.
pub(super) struct Texts {
    english: BTreeMap<String, String>,
    french: BTreeMap<String, String>,
}

impl Texts {
    pub(super) fn new() -> Self {
        Self { english: read(ENGLISH), french: read(FRENCH) }
    }

    pub(super) fn of(&self, language: Language) -> &BTreeMap<String, String> {
        match language {
            Language::English => &self.english,
            Language::French => &self.french,
        }
    }

    /// Why a run ended, as the desk wrote it in English. What it has no sentence for, it heard from the
    /// system, and that stands as it came.
    pub(super) fn why(&self, language: Language, says: &str) -> String {
        let mut reasons = self.english.iter().filter(|(key, _)| key.starts_with("why_"));
        let known = reasons.find_map(|(key, sentence)| {
            let (before, after) = sentence.split_once("{}").unwrap_or((sentence, ""));
            let what = says.strip_prefix(before)?.strip_suffix(after)?;
            (sentence.contains("{}") || what.is_empty()).then_some((key, what))
        });
        let Some((key, what)) = known else { return says.to_owned() };
        let said = self.of(language).get(key).map_or(says, String::as_str);
        said.replacen("{}", what, 1)
    }
}

/// A table of texts. A test reads both.
fn read(text: &str) -> BTreeMap<String, String> {
    let (table, _) = DeTable::parse_recoverable(text);
    let pair = |(key, value): (&Spanned<Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        Some((key.get_ref().to_string(), value.get_ref().as_str()?.to_owned()))
    };
    table.get_ref().iter().filter_map(pair).collect()
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/language", get(choose))
}

async fn choose(Query(asked): Query<BTreeMap<String, String>>) -> Response {
    let language =
        asked.get("to").and_then(|word| Language::read(word)).unwrap_or(Language::English);
    let kept = format!("{COOKIE}={}; Path=/; SameSite=Lax; Max-Age=31536000", language.word());
    ([(header::SET_COOKIE, kept)], Redirect::to(place_here(asked.get("back")))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        let texts = Texts::new();
        let keys = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&texts.english), keys(&texts.french));
        assert!(texts.english.len() > 40, "the texts are not read");
    }

    #[test]
    fn every_text_is_used_and_there() {
        let texts = Texts::new();
        let all: String = super::super::TEMPLATES.iter().map(|(_, text)| *text).collect();
        let used: Vec<&str> = all
            .split("t.")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
            .collect();
        for key in texts.english.keys() {
            let by_word = ["state_", "cause_", "does_", "result_", "status_", "why_"]
                .iter()
                .any(|kind| key.starts_with(kind));
            assert!(by_word || used.contains(&key.as_str()), "nothing says {key}");
        }
    }

    #[test]
    fn every_reason_of_the_desk_is_said_in_both_languages() {
        let texts = Texts::new();
        for sentence in jobs::says::ALL {
            let says = jobs::says::about(sentence, "Ann {}");
            assert_eq!(texts.why(Language::English, &says), says);
            let french = texts.why(Language::French, &says);
            assert_ne!(french, says, "French has no words for it");
            assert_eq!(french.contains("Ann {}"), sentence.contains("{}"), "{french}");
        }
        let system = "cannot make the folder /x: Permission denied";
        assert_eq!(texts.why(Language::French, system), system);
        assert_eq!(texts.why(Language::French, ""), "");
    }

    #[test]
    fn the_language_that_is_liked_most_wins() {
        assert_eq!(preferred("fr-BE, en;q=0.8"), Some(Language::French));
        assert_eq!(preferred("nl, en;q=0.5, fr;q=0.7"), Some(Language::French));
        assert_eq!(preferred("de"), None);
        assert_eq!(preferred("fr;q=0"), None);
    }
}
