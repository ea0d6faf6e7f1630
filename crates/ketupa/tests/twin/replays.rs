//! What a proof finds is what real daemons do: faults of operators, replayed by the program.

use std::path::{Path, PathBuf};

use crate::stage::Declared;

/// A test for each fault among those that the proof's own tests keep, with the property that it breaks.
macro_rules! replays {
    ($($test:ident: $fault:literal breaks $code:literal;)*) => {
        const REPLAYED: &[&str] = &[$($fault),*];
        $(
            #[test]
            fn $test() {
                seeded($fault, $code);
            }
        )*
    };
}

replays! {
    asymmetric_answers_are_seen: "asymmetric" breaks "V-ASYMMETRIC";
    an_aggregate_that_is_never_withdrawn_is_seen: "aggregate-stuck" breaks "V-UNREACHED";
    a_strangers_blackhole_is_heard_by_the_transit: "leak" breaks "V-LEAK";
    a_transit_that_is_declared_a_customer_is_heard_by_the_other: "leak-relation" breaks "V-LEAK";
    sources_are_not_translated_where_nothing_is_tracked: "nat-untracked" breaks "V-UNTRACKED";
    a_core_without_its_edge_has_no_default: "one-edge-lost" breaks "V-DEFAULT";
    management_behind_the_routers_is_out_of_reach_with_them: "oob" breaks "V-OOB";
    a_static_default_leads_to_nobody: "static-default" breaks "V-STALE-DEFAULT";
    two_answer_for_one_address: "two-answer" breaks "V-OWNER";
    packets_cross_two_edges: "two-edges" breaks "V-EDGE-TRANSIT";
    two_protocols_carry_one_prefix: "two-protocols" breaks "V-TWO-PROTOCOLS";
    a_step_of_the_upgrade_leaves_nobody_to_serve_the_vpn: "upgrade" breaks "V-UPGRADE";
    two_answer_where_vrrp_is_dropped: "vrrp-blocked" breaks "V-OWNER";
}

fn faults() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prove/faults")
}

fn seeded(fault: &str, code: &str) {
    let declared = Declared::example("neutrinet", fault);
    declared.overlay(&faults().join(fault));
    declared.without_generated_routes();
    shows(&declared, code);
}

#[test]
fn every_seeded_fault_is_replayed() {
    let kept = testkit::cases::folders(&faults());
    let kept: Vec<_> = kept.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    let mut replayed = REPLAYED.to_vec();
    replayed.sort_unstable();
    assert_eq!(kept, replayed);
}

#[test]
fn roles_hold_back_what_the_filters_let_through() {
    let declared = Declared::example("neutrinet", "roles");
    // The fault `leak`, with a transit that speaks the roles of BGP.
    for file in ["isp.toml", "waivers.toml"] {
        declared.write(file, &std::fs::read_to_string(faults().join("leak").join(file)).unwrap());
    }
    declared.without_generated_routes();
    shows(&declared, "V-LEAK");
}

#[test]
fn a_pair_that_is_proved_deaf_is_replayed_although_check_refuses_it() {
    let wrong = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/twin/wrong/vrrp-dropped");
    let declared = Declared::copy(&wrong, "replayed");
    shows(&declared, "V-OWNER");
    shows(&declared, "V-CONTROL");
    let unknown = declared.replay("V-OWNER-000000");
    assert_eq!(unknown.code, 2, "{}", unknown.err);
}

#[test]
fn a_group_of_addresses_that_falls_silent_together_is_replayed() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verify/tests/cases/V-NOBODY");
    shows(&Declared::copy(&case, "silent"), "V-NOBODY");
}

/// Predicted and seen are the same, and nothing of the twin is left.
fn shows(declared: &Declared, code: &str) {
    let finding = declared.finding(code);
    let said = declared.replay(&finding);
    println!("{}", said.out);
    assert_eq!(said.code, 0, "{finding}: {}{}", said.out, said.err);
    assert!(said.out.contains("predicted:") && !said.out.contains("DIFFERENT"), "{}", said.out);
}
