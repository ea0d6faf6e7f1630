//! Lints hold for a provider a hundred times larger, and look at it once.

use crate::{TODAY, isp};
use model::{Finding, Source};

fn found(routers: usize) -> (usize, Vec<Finding>) {
    let text = testkit::large::isp_text(routers);
    let isp = isp(&[Source::new("large.toml", text.as_bytes())]);
    (isp.hosts.len(), prove::check(&isp, &[], TODAY).findings)
}

#[test]
fn a_large_provider_breaks_no_rule() {
    for routers in [4, 60] {
        assert_eq!(found(routers).1, [], "{routers} routers");
    }
}

/// Run by hand: `cargo test --release -p prove large -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn three_thousand_hosts_take_less_than_a_second() {
    let start = std::time::Instant::now();
    let (hosts, findings) = found(1_050);
    let took = start.elapsed();
    println!("{hosts} hosts: {took:?} to generate, load and check");
    assert!(hosts >= 3_000 && findings.is_empty(), "{hosts}: {findings:?}");
    assert!(took.as_secs_f64() < 1.0, "{took:?}");
}
