//! What the fuzz targets share.

use component::Tree;
use model::{Isp, Source};
use std::collections::BTreeMap;

/// The stages after loading: findings of the lints, the rendered tree where there are no errors.
pub fn stages(isp: &Isp) -> (Vec<model::Finding>, Option<Tree>) {
    let today = jiff::civil::date(2022, 1, 15);
    let report = prove::check(isp, components::ALL, today);
    let proof = prove::prove(isp, components::ALL, today);
    let render = |proof| render::tree(proof, components::ALL, &BTreeMap::new());
    let tree = proof.as_ref().ok().map(render).map(|tree| tree.expect("built-in templates work"));
    (report.findings, tree)
}

/// Prints findings in every form.
pub fn print(findings: &[model::Finding], sources: &[Source]) {
    for finding in findings.iter().take(20) {
        for paint in [model::finding::Paint::Plain, model::finding::Paint::Colour] {
            let text = model::finding::text(finding, sources, paint);
            assert!(text.len() < 100_000, "a finding of {} bytes", text.len());
        }
        let json = model::finding::json(finding, sources);
        serde_json::to_string(&json).expect("a finding is JSON");
    }
}
