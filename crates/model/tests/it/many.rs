//! Bounds: however much is wrong, what is kept and shown stays small.

use crate::shown;
use model::finding::{self, Paint};
use model::source::MAX_FILE_BYTES;
use model::{Place, Source};

const HEAD: &str = "[isp]\nname = \"Many\"\nasn = 64500\ndomain = \"isp.example\"\n[site.here]\n";

fn source(text: &str) -> Source {
    Source::new("isp.toml", text.as_bytes())
}

#[test]
fn ten_thousand_mistakes_are_all_told() {
    let hosts = (0..10_000).map(|n| format!("[host.h{n}]\nrole = \"serber\"\nsite = \"here\"\n"));
    let sources = [source(&(HEAD.to_owned() + &hosts.collect::<String>()))];
    let loaded = model::load(&sources);
    assert_eq!(loaded.findings.len(), 10_000);
    let text = shown(&loaded, &sources);
    assert_eq!(text.matches("did you mean \"server\"?").count(), 10_000);
}

#[test]
fn more_mistakes_than_anybody_reads_are_counted() {
    let keys: Vec<String> = (0..30_000).map(|n| format!("x{n} = 1\n")).collect();
    let loaded = model::load(&[source(&(HEAD.to_owned() + &keys.concat()))]);
    assert_eq!(loaded.findings.len(), 20_001);
    let says = &loaded.findings.last().expect("there are some").says;
    assert_eq!(says, "10000 more findings are not shown");
}

#[test]
fn broken_lines_without_end_are_bounded() {
    let loaded = model::load(&[source(&"= [\n".repeat(100_000))]);
    assert!(loaded.isp.is_none());
    assert!(loaded.findings.len() <= 20_001, "{}", loaded.findings.len());
}

#[test]
fn a_hundred_megabytes_are_refused_unread() {
    let sources = [source(HEAD), Source::new("dump.toml", &vec![b'a'; 100_000_000])];
    assert!(sources.iter().all(|source| source.text.len() <= MAX_FILE_BYTES));
    let text = shown(&model::load(&sources), &sources);
    assert!(text.contains("dump.toml: 100000000 bytes are too many"), "{text}");
}

#[test]
fn brackets_without_end_do_not_exhaust_the_stack() {
    for open in ["[", "{a=", "[[", "a.", "(", "\"\"\""] {
        let text = format!("{HEAD}city = {}", open.repeat(1_000_000 / open.len()));
        assert!(model::load(&[source(&text)]).isp.is_none());
    }
}

#[test]
fn a_line_without_end_is_cut_in_what_is_shown() {
    let long = "x".repeat(1_000_000);
    for text in [
        format!("{HEAD}contry = \"{long}\"\n"),
        format!("{HEAD}{long} = 1\n"),
        format!("{HEAD}city = [{}\"Brussels\"]\n", "\"é\", ".repeat(200_000)),
        format!("{HEAD}city = [{}\"Brussels\"]\n", "\"a\",\n".repeat(200_000)),
        format!("{HEAD}city = \"{long}\" = \"{long}\"\n"),
    ] {
        let sources = [source(&text)];
        let loaded = model::load(&sources);
        assert!(!loaded.findings.is_empty());
        for finding in &loaded.findings {
            for paint in [Paint::Plain, Paint::Colour] {
                let shown = finding::text(finding, &sources, paint);
                assert!(shown.len() < 8_000, "{} bytes:\n{shown:.2000}", shown.len());
            }
            let json = serde_json::to_string(&finding::json(finding, &sources));
            assert!(json.is_ok_and(|json| json.len() < 8_000));
        }
    }
}

#[test]
fn a_long_line_is_shown_where_it_is_wrong() {
    let text =
        format!("{HEAD}[duty.{}]\ncontry = \"BE\" # {}\n", "a".repeat(40), "y".repeat(5_000));
    let sources = [source(&text)];
    let loaded = model::load(&sources);
    let shown = shown(&loaded, &sources);
    assert!(shown.contains("contry = \"BE\""), "{shown}");
    assert!(shown.contains("isp.toml:7:1"), "{shown}");
}

#[test]
fn a_place_beyond_the_text_is_shown_without_panic() {
    let sources = [source("é")];
    for (start, end) in [(0, 1), (1, 1), (1, 9), (9, 3), (u32::MAX, u32::MAX)] {
        let place = Place { file: 0, start, end };
        let finding = model::Finding::error("M-VALUE", place, "odd").also(place, "here");
        let _ = finding::text(&finding, &sources, Paint::Plain);
        let _ = serde_json::to_string(&finding::json(&finding, &sources));
        let nowhere = Place { file: 7, start, end };
        let _ = finding::text(&model::Finding::error("X", nowhere, "odd"), &sources, Paint::Plain);
    }
}
