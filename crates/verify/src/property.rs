//! The properties that a proof judges: their codes, what each one says, and its page.

/// Something that must hold under every failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Property {
    /// Stable identifier, such as `V-LOOP`: the code of its findings.
    pub code: &'static str,
    /// What holds, as one short sentence.
    pub title: &'static str,
    /// What it means, why it hurts, how to mend it, where it comes from.
    pub page: &'static str,
}

impl Property {
    /// The property of a code.
    pub fn of(code: &str) -> Option<&'static Self> {
        PROPERTIES.iter().find(|property| property.code == code)
    }

    /// One way out: the first paragraph of the page's part on how to mend it, on one line.
    pub fn way_out(&self) -> String {
        let part = self.page.split("\n## Mend it\n").nth(1).unwrap_or_default();
        let first = part.trim_start().split("\n\n").next().unwrap_or_default();
        let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
        // An example follows on the page, and not here.
        line.strip_suffix(':').map(|line| format!("{line}.")).unwrap_or(line)
    }
}

const fn property(code: &'static str, title: &'static str, page: &'static str) -> Property {
    Property { code, title, page }
}

/// The code of what the operator declares to hold: all the others are on by default.
pub const INVARIANT: &str = "V-INVARIANT";

/// Every property, in the order of the manual.
#[rustfmt::skip]
pub const PROPERTIES: &[Property] = &[
    property("V-LOOP", "No packet goes in a circle", include_str!("pages/V-LOOP.md")),
    property("V-BLACKHOLE", "No router drops in silence", include_str!("pages/V-BLACKHOLE.md")),
    property("V-UNREACHED", "An edge that is cut off attracts nothing", include_str!("pages/V-UNREACHED.md")),
    property("V-LEAK", "No transit or peer hears of another through us", include_str!("pages/V-LEAK.md")),
    property("V-CONE", "A customer announces only what is its own", include_str!("pages/V-CONE.md")),
    property("V-UNMARKED", "Every route carries the mark of its origin", include_str!("pages/V-UNMARKED.md")),
    property("V-OWNER", "One machine at most answers for an address", include_str!("pages/V-OWNER.md")),
    property("V-NOBODY", "While a candidate lives, somebody answers", include_str!("pages/V-NOBODY.md")),
    property("V-EDGE-TRANSIT", "A packet from outside crosses one edge", include_str!("pages/V-EDGE-TRANSIT.md")),
    property("V-ASYMMETRIC", "Answers come back through the box that remembers the question", include_str!("pages/V-ASYMMETRIC.md")),
    property("V-UNTRACKED", "What is decided by state is tracked", include_str!("pages/V-UNTRACKED.md")),
    property("V-CONTROL", "Our own filters let the control plane through", include_str!("pages/V-CONTROL.md")),
    property("V-OOB", "Management is reached when everything else is dead", include_str!("pages/V-OOB.md")),
    property("V-DEFAULT", "A core router keeps its way out when one thing breaks", include_str!("pages/V-DEFAULT.md")),
    property("V-STALE-DEFAULT", "A static default does not hide the loss of BGP", include_str!("pages/V-STALE-DEFAULT.md")),
    property("V-TWO-PROTOCOLS", "A prefix is carried inside by one protocol", include_str!("pages/V-TWO-PROTOCOLS.md")),
    property("V-UPGRADE", "Machines can be upgraded one after the other", include_str!("pages/V-UPGRADE.md")),
    property("V-OSCILLATES", "Routing settles", include_str!("pages/V-OSCILLATES.md")),
    property("V-INVARIANT", "What is declared to hold does hold", include_str!("pages/V-INVARIANT.md")),
];

#[test]
fn every_property_has_its_page_and_way_out() {
    for Property { code, title, page } in PROPERTIES {
        assert!(page.starts_with(&format!("# {code}: {title}\n")), "{code}: the page's title");
        assert!(page.contains("\n## Mend it\n"), "{code}: no way out");
        assert!(page.contains("\nSource: "), "{code}: nowhere from");
        assert_eq!(Property::of(code).map(|found| found.page), Some(*page), "{code} twice");
    }
}
