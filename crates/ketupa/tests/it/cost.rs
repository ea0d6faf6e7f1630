//! The finance table, to the cent.

use crate::run::{Folder, example, ketupa};
use std::path::Path;

const TODAY: [&str; 2] = ["--today", "2022-01-15"];

fn cost(words: &[&str]) -> String {
    let neutrinet = example("neutrinet");
    let words = [["cost", &neutrinet].as_slice(), &TODAY, words].concat();
    ketupa(&words).ends(0, &[]).out
}

fn kept(name: &str, text: &str) {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cost").join(name);
    testkit::golden::check(&golden, text);
}

#[test]
fn the_table_is_that_of_the_minutes() {
    let table = cost(&[]);
    assert!(table.contains("91.97"), "{table}");
    kept("whole.txt", &table);
}

#[test]
fn leaving_two_hosts_saves_what_the_minutes_say() {
    let table = cost(&["--without", "runner,mail"]);
    assert!(table.contains("without mail, runner: 17.21 EUR a month saved"), "{table}");
    assert_eq!(table, cost(&["--without", "mail", "--without", "runner"]));
    kept("without.txt", &table);
}

#[test]
fn the_table_as_json_counts_in_cents() {
    let text = cost(&["--format", "json", "--without", "runner,mail"]);
    let json: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["month_cents"], 9197 - 1721);
    assert_eq!(json["saved_month_cents"], 1721);
    assert_eq!(json["currency"], "EUR");
    for field in [
        "name",
        "host",
        "provider",
        "site",
        "paid",
        "month_cents",
        "year_cents",
        "renews",
        "description",
    ] {
        assert!(json["lines"][0].get(field).is_some(), "no {field}");
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    let neutrinet = example("neutrinet");
    let said = ["--without runer", "did you mean `runner`?"];
    let ran = ketupa(&["cost", &neutrinet, "--without", "runer"]).ends(2, &said);
    assert!(ran.out.is_empty(), "{}", ran.out);
    ketupa(&["cost", &neutrinet, "--without", "qqqqqq"]).ends(2, &["nothing of this name"]);
}

#[test]
fn amounts_that_are_none_are_refused_and_sums_do_not_overflow() {
    let head = "[isp]\nname = \"A\"\nasn = 64500\ndomain = \"isp.example\"\n[provider.p]\n";
    for amount in
        ["\"1.234\"", "\"one\"", "1.5", "\"-3.00\"", "\"1e9\"", "\"99999999999999999999\""]
    {
        let text = format!("{head}[cost.c]\nprovider = \"p\"\namount = {amount}\n");
        let folder = Folder::with("amount", &[("isp.toml", text.as_bytes())]);
        folder.ketupa("cost").ends(1, &["M-VALUE"]);
    }
    let most = "\"92233720368547758.07\"";
    let costs = (0..3).map(|n| format!("[cost.c{n}]\nprovider = \"p\"\namount = {most}\n"));
    let text = head.to_owned() + &costs.collect::<String>();
    let folder = Folder::with("sum", &[("isp.toml", text.as_bytes())]);
    let ran = folder.ketupa("cost");
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert!(ran.code == 0 || ran.code == 1, "{}", ran.code);
}
