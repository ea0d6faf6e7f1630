//! Any text as a question for logs, for one time and over time.
#![no_main]

use logs::logql::{Ask, Budget, Direction, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let query = match parse(text) {
        Ok(query) => query,
        Err(wrong) => {
            assert!(!wrong.says.is_empty() && wrong.line > 0 && wrong.column > 0);
            return;
        }
    };
    ketupa_fuzz::with_logs(|store| {
        ketupa_fuzz::fill_logs(store);
        let now = ketupa_fuzz::NOW * 1_000_000;
        let start = now - 900_000_000_000;
        for step in [0, 60_000_000_000] {
            let ask = Ask { start, end: now, step, limit: 10, direction: Direction::Backward };
            let picked = query.pick(store, &ask);
            if let Ok((answer, scanned)) = query.answer(&picked, &ask, &Budget::default()) {
                let json = logs::wire::json::answer(&answer, scanned);
                serde_json::from_str::<serde_json::Value>(&json).expect("an answer is JSON");
            }
        }
    });
});
