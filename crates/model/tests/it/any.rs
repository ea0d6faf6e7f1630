//! For any text: a load never panics, and never depends on the order of the files.

use model::{At, Isp, Source};
use proptest::prelude::*;

fn valid() -> String {
    testkit::large::isp_text(4)
}

fn load(texts: &[&str]) -> model::Loaded {
    let sources: Vec<Source> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| Source::new(format!("{n}.toml"), text.as_bytes()))
        .collect();
    let loaded = model::load(&sources);
    for finding in loaded.findings.iter().take(50) {
        let _ = model::finding::text(finding, &sources, model::finding::Paint::Plain);
    }
    loaded
}

/// Pieces that mean something to the loader.
const WORDS: &[&str] = &[
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ".",
    ",",
    "\n",
    "\"",
    "'",
    "#",
    "isp",
    "host",
    "vip",
    "segment",
    "rules",
    "rule",
    "neighbor",
    "session",
    "upgrade",
    "accept",
    "steps",
    "nic",
    "name",
    "asn",
    "\"\"\"",
    "1",
    "-0",
    "0x7fffffffffffffffffff",
    "1e999",
    "nan",
    "true",
    "2022-01-09",
    "2022-01-09T25:00:00Z",
    "é",
    "\u{feff}",
    "\u{202e}",
    "\\u0000",
    "\\",
    "⟪",
    "192.0.2.0/24",
    "::/0",
    "tcp/1-0",
    "pass:x",
];

fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(WORDS);
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

/// A valid provider with one piece of its text replaced.
fn mutated() -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), 0..40_usize, words()).prop_map(|(at, length, new)| {
        let text: Vec<char> = valid().chars().collect();
        let start = at.index(text.len());
        let end = (start + length).min(text.len());
        let (kept, rest) = (text.iter().take(start), text.iter().skip(end));
        kept.copied().chain(new.chars()).chain(rest.copied()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_answered(text in "\\PC*") {
        load(&[&text]);
    }

    #[test]
    fn any_words_are_answered(one in words(), other in words()) {
        load(&[&one, &other]);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        model::load(&[Source::new("isp.toml", &bytes)]);
    }

    #[test]
    fn any_change_of_a_valid_text_is_answered(text in mutated()) {
        load(&[&text]);
    }

    #[test]
    fn the_order_of_files_changes_nothing(seed in any::<u64>(), parts in 1..8_usize) {
        let pieces = split(&valid(), parts, seed);
        let forward: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let backward: Vec<&str> = forward.iter().rev().copied().collect();
        let (one, other) = (load(&forward), load(&backward));
        prop_assert!(one.findings.is_empty() && other.findings.is_empty());
        prop_assert_eq!(facts(&one.isp.unwrap_or_default()), facts(&other.isp.unwrap_or_default()));
    }
}

/// Deals the tables of a text out to several files.
fn split(text: &str, parts: usize, seed: u64) -> Vec<String> {
    let mut pieces = vec![String::new(); parts];
    let mut dice = seed;
    for table in text.split("\n[").enumerate().map(|(n, table)| match n {
        0 => table.to_owned(),
        _ => format!("[{table}"),
    }) {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // A neighbour and its sessions are one object: it stands in one file.
        let whole = table.starts_with("[neighbor.");
        let to = if whole { 0 } else { usize::try_from(dice >> 40).unwrap_or(0) % parts };
        pieces.iter_mut().skip(to).take(1).for_each(|piece| *piece += &(table.clone() + "\n"));
    }
    pieces
}

/// An ISP as text without the places of its parts.
fn facts(isp: &Isp) -> String {
    let all = format!("{isp:#?}");
    let places = format!("{:?}", At::default());
    assert!(places.starts_with("At {"));
    let mut depth = None;
    let mut kept = Vec::new();
    for line in all.lines() {
        let indent = line.len() - line.trim_start().len();
        match depth {
            None if line.trim_start().starts_with("at: At {") => depth = Some(indent),
            None => kept.push(line),
            Some(start) if indent == start => depth = None,
            Some(_) => {}
        }
    }
    kept.join("\n")
}
