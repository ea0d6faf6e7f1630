//! Lints hold for a provider a hundred times larger, and look at it once.

use crate::{TODAY, isp};
use model::{Finding, Source};

fn found(routers: usize) -> Vec<Finding> {
    let text = testkit::large::isp_text(routers);
    let isp = isp(&[Source::new("large.toml", text.as_bytes())]);
    prove::check(&isp, &[], TODAY).findings
}

#[test]
fn a_large_provider_breaks_no_rule() {
    for routers in [4, 60, 1_050] {
        assert_eq!(found(routers), [], "{routers} routers");
    }
}
