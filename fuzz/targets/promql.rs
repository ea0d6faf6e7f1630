//! Any text as a question, for one time and over time.
#![no_main]

use metrics::wire::json;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // The parser panics on durations beyond all measure: the store catches that, the fuzzer would not.
    let exponent = data.windows(2).any(|two| two[0].is_ascii_digit() && matches!(two[1], b'e' | b'E'));
    let long = text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits.len() > 12);
    if exponent || long {
        return;
    }
    ketupa_fuzz::with_store(|store| {
        ketupa_fuzz::fill(store);
        let now = ketupa_fuzz::NOW;
        for answer in [store.query(text, now), store.query_range(text, (now - 600_000, now), 60_000)] {
            let json = json::answer(&answer);
            serde_json::from_str::<serde_json::Value>(&json).expect("an answer is JSON");
        }
    });
});
