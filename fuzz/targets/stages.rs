//! A text that loads goes through every stage that touches nothing: check, prove, render, map, cost.
#![no_main]

use model::Source;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let sources = [Source::new("isp.toml", data)];
    let Some(isp) = model::load(&sources).isp else { return };
    let (findings, tree) = ketupa_fuzz::stages(&isp);
    ketupa_fuzz::print(&findings, &sources);
    let again = ketupa_fuzz::stages(&isp);
    assert!(again == (findings, tree), "two runs differ");
    assert!(map::svg(&isp, &map::Colours::default()).ends_with("</svg>\n"));
    let _ = model::cost::finances(&isp, jiff::civil::date(2022, 1, 15), &["a".to_owned()]);
});
