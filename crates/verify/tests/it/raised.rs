//! No property is counted as proved that nothing can raise.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use verify::PROPERTIES;

/// Properties that no declared network can break, because what is derived from it always has the fence:
/// the file and the test that raise them on what is made by hand.
const BY_HAND: &[(&str, &str, &str)] = &[
    // The filter of a customer always refuses what is not declared for it.
    ("V-CONE", "src/leak/tests.rs", "a_customer_without_the_fence_of_its_cone_is_told"),
    // Preferences go with the route, so that all routers agree on them: no network is known that can be
    // declared and contradicts itself.
    ("V-OSCILLATES", "src/restless.rs", "routers_that_never_agree_are_told"),
];

fn below(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The codes of all that is kept as found below a folder, a case a folder.
fn kept(folder: &str) -> BTreeSet<String> {
    let cases = testkit::cases::folders(&below(folder));
    assert!(cases.len() > 9, "{folder}: there are cases");
    let kept =
        cases.iter().filter_map(|case| std::fs::read_to_string(case.join("expected.txt")).ok());
    let codes = |text: String| -> Vec<String> {
        let told = text.split("error[").skip(1);
        told.filter_map(|rest| Some(rest.split_once(']')?.0.to_owned())).collect()
    };
    kept.flat_map(codes).collect()
}

#[test]
fn every_property_is_raised_by_a_case_or_a_fault_and_every_code_that_is_raised_is_a_property() {
    let mut raised = kept("tests/cases");
    raised.extend(kept("../ketupa/tests/prove/faults"));
    for (code, file, test) in BY_HAND {
        let text = std::fs::read_to_string(below(file)).unwrap();
        assert!(text.contains(&format!("#[test]\nfn {test}()")), "{file}: no test {test}");
        assert!(
            raised.insert((*code).to_owned()),
            "{code}: there is a case, so that it is no exception"
        );
    }
    let known = PROPERTIES.iter().map(|property| property.code.to_owned()).collect();
    assert_eq!(raised, known);
}
