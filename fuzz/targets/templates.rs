//! An operator's own template: any text parses or is refused with a sentence.
#![no_main]

use component::{Template, Templates};
use std::collections::BTreeMap;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Loops may run for ever: that is the operator's own doing, and not what is looked for.
    if text.contains("for") || text.contains("range") || text.contains('*') || text.contains("repeat") {
        return;
    }
    let builtin = [Template { name: "a/b", text: "" }];
    let replaced = BTreeMap::from([("a/b".to_owned(), text.to_owned())]);
    match Templates::new(builtin, &replaced) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(templates) => {
            let context = BTreeMap::from([("name", "edge-01"), ("address", "192.0.2.1")]);
            let _ = templates.render("a/b", &context);
        }
    }
});
