//! What a proof finds is what real daemons do: faults of operators, replayed by the program.

use std::path::Path;

use crate::stage::Declared;

/// Faults among those that the proof's own tests keep, with the property that each breaks: one that
/// shows in who answers, one in a way, one in a route that is not there.
const FAULTS: [(&str, &str); 3] =
    [("two-answer", "V-OWNER"), ("two-edges", "V-EDGE-TRANSIT"), ("one-edge-lost", "V-DEFAULT")];

#[test]
fn daemons_do_what_the_proof_says_of_seeded_faults() {
    for (fault, code) in FAULTS {
        let declared = Declared::example("neutrinet", fault);
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        declared.overlay(&tests.join("prove/faults").join(fault));
        declared.without_generated_routes();
        shows(&declared, code);
    }
}

#[test]
fn a_pair_that_is_proved_deaf_is_replayed_although_check_refuses_it() {
    let wrong = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twin/wrong/vrrp-dropped");
    let declared = Declared::copy(&wrong, "replayed");
    shows(&declared, "V-OWNER");
    let unknown = declared.replay("V-OWNER-000000");
    assert_eq!(unknown.code, 2, "{}", unknown.err);
}

/// Predicted and seen are the same, and nothing of the twin is left.
fn shows(declared: &Declared, code: &str) {
    let finding = declared.finding(code);
    let said = declared.replay(&finding);
    println!("{}", said.out);
    assert_eq!(said.code, 0, "{finding}: {}{}", said.out, said.err);
    assert!(said.out.contains("predicted:") && !said.out.contains("DIFFERENT"), "{}", said.out);
}
