//! One file of any bytes is loaded, and what is wrong with it printed.
#![no_main]

use model::Source;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let sources = [Source::new("isp.toml", data)];
    let loaded = model::load(&sources);
    assert!(loaded.isp.is_some() || !loaded.findings.is_empty(), "refused without a word");
    ketupa_fuzz::print(&loaded.findings, &sources);
});
