//! A proof as `JUnit` XML: a test case for each property and each invariant.

use super::escape::xml;
use super::text::violation;
use super::{Judged, Proved, judged};
use model::finding::Paint;
use std::fmt::Write as _;

/// The report as one test suite. No times: the same network gives the same bytes.
pub(crate) fn junit(proved: &Proved<'_>) -> String {
    let judged = judged(proved);
    let failed = judged.iter().filter(|one| !one.violations.is_empty()).count();
    let conditions = proved.conditions.len();
    let skipped = judged.iter().filter(|one| is_skipped(one)).count() + conditions;
    let (tests, errors) = (judged.len() + conditions, usize::from(!proved.looked()));
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        r#"<testsuites name="ketupa prove" tests="{}" failures="{failed}" errors="{errors}">"#,
        tests + errors
    );
    let _ = writeln!(
        out,
        r#"  <testsuite name="ketupa prove {}" tests="{}" failures="{failed}" errors="{errors}" skipped="{skipped}">"#,
        xml(proved.directory),
        tests + errors
    );
    for one in &judged {
        out += &case(proved, one);
    }
    for condition in proved.conditions {
        let open = "<testcase classname=\"ketupa.prove.condition\"";
        let _ = writeln!(out, "    {open} name=\"{}\">", xml(condition));
        out += "      <skipped message=\"taken for granted, not proved\"/>\n    </testcase>\n";
    }
    if errors > 0 {
        out += "    <testcase classname=\"ketupa.prove\" name=\"something was looked at\">\n";
        let _ = writeln!(
            out,
            "      <error message=\"{}\" type=\"nothing-proved\"/>",
            xml(&proved.summary())
        );
        out += "    </testcase>\n";
    }
    let _ = writeln!(out, "    <system-out>{}</system-out>", xml(&proved.summary()));
    out + "  </testsuite>\n</testsuites>\n"
}

fn is_skipped(one: &Judged<'_>) -> bool {
    one.violations.is_empty() && !one.accepted.is_empty()
}

fn case(proved: &Proved<'_>, one: &Judged<'_>) -> String {
    let (class, name) = match one.invariant {
        None => ("ketupa.prove.property", format!("{}: {}", one.code, one.says)),
        Some(invariant) => ("ketupa.prove.invariant", format!("{invariant}: {}", one.says)),
    };
    let open = format!("    <testcase classname=\"{class}\" name=\"{}\"", xml(&name));
    let inner = match (one.violations.as_slice(), one.accepted.as_slice()) {
        ([], []) => return open + "/>\n",
        ([], [(_, reason), ..]) => {
            format!("      <skipped message=\"accepted: {}\"/>\n", xml(reason))
        }
        ([first, ..], _) => {
            let all = one.violations.iter().map(|one| violation(proved, one, Paint::Plain));
            format!(
                "      <failure message=\"{}\" type=\"{}\">{}</failure>\n",
                xml(&first.finding.says),
                xml(one.code),
                xml(&all.collect::<Vec<_>>().join("\n")).replace("&#10;", "\n")
            )
        }
    };
    format!("{open}>\n{inner}    </testcase>\n")
}
