//! docs/lints.md: every code that `ketupa check` and `ketupa prove` can say, with its page.

use super::markdown::{deeper, generated, table, untitled};
use component::Level;
use std::path::Path;

const INTRO: &str = "
# What `ketupa check` and `ketupa prove` find

`ketupa explain CODE` prints the same pages. An *error* stops rendering and applying; a *warning*
does not; what is *proved* holds under every failure or is a violation. What you accept for a time is declared as a [waiver](reference.md#waiver), with a reason
and a last day. The letter and number of a code are a family: N1 addresses and BGP, N2 edges and
backbones, N3 origins and policy, N4 virtual addresses, N5 firewalls, N6 management, N9
out-of-band, P3 services, P5 checks, P8 backups, P12 machines, P16 money, S4 the declaration, V what
`ketupa prove` finds by simulating failures, M the TOML itself.
";

struct Entry {
    code: &'static str,
    level: &'static str,
    title: &'static str,
    page: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "pages are all made alike")]
pub(super) fn page(_: &Path) -> Result<String, String> {
    let entries = entries();
    let row = |entry: &Entry| {
        let anchor = entry.code.to_lowercase();
        vec![format!("[{}](#{anchor})", entry.code), entry.level.into(), entry.title.into()]
    };
    let rows: Vec<Vec<String>> = entries.iter().map(row).collect();
    let mut text = generated("the lints' pages") + INTRO + "\n";
    text += &table(&["code", "level", "what it says"], &rows);
    for Entry { code, level, title, page } in &entries {
        let body = deeper(page.trim(), 1);
        text += &format!("\n## {code}\n\n*{level}*: **{title}.**\n\n{body}");
    }
    Ok(text)
}

fn entries() -> Vec<Entry> {
    let lints = prove::lints(components::ALL).map(|lint| {
        let level = match lint.level {
            Level::Error => "error",
            Level::Warning => "warning",
        };
        Entry { code: lint.code, level, title: lint.title, page: untitled(lint.page) }
    });
    let proved = verify::PROPERTIES.iter().map(|property| {
        let page = untitled(property.page);
        Entry { code: property.code, level: "proved", title: property.title, page }
    });
    let load = model::codes::PAGES.iter().map(|(code, page)| {
        let (title, page) = page.split_once("\n\n").unwrap_or((page, ""));
        Entry { code, level: "error", title, page }
    });
    lints.chain(proved).chain(load).collect()
}
