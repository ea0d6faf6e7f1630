//! What is written for people leads somewhere, and every lint is explained and shown.

use crate::{files, nothing, read, root};
use std::path::Path;

/// The lints that the list names: `error("CODE"` and `warning("CODE"`.
fn codes() -> Vec<String> {
    let list = read("crates/prove/src/list.rs");
    let code = |line: &str| {
        let line =
            line.trim().strip_prefix("error(\"").or(line.trim().strip_prefix("warning(\""))?;
        line.split('"').next().map(str::to_owned)
    };
    let codes: Vec<String> = list.lines().filter_map(code).collect();
    assert!(codes.len() > 90, "the list of lints is written in another form: mend this test");
    codes
}

#[test]
fn every_lint_has_a_page() {
    let bare = |code: &String| {
        let page = read(format!("crates/prove/src/pages/{code}.md"));
        !page.starts_with(&format!("# {code}: "))
    };
    let wrong: Vec<String> = codes().into_iter().filter(bare).collect();
    nothing(&wrong, "begin its page with `# CODE: title`");
}

#[test]
fn every_lint_has_a_wrong_example() {
    let cases = std::fs::read_dir(root().join("crates/prove/cases")).unwrap().flatten();
    let told = cases.map(|case| case.path().join("expected.txt")).filter(|path| path.is_file());
    let told: String = told.map(read).collect();
    let wrong: Vec<String> =
        codes().into_iter().filter(|code| !told.contains(&format!("[{code}]"))).collect();
    nothing(&wrong, "add crates/prove/cases/CODE/isp.toml, then bless and read what is told");
}

#[test]
fn every_page_of_a_property_is_used() {
    let list = read("crates/verify/src/property.rs");
    let unused = |page: &String| {
        let name = page.rsplit('/').next().unwrap_or_default();
        !list.contains(&format!("include_str!(\"pages/{name}\")"))
    };
    let pages = files("crates/verify/src/pages", ".md");
    assert!(pages.len() >= 19, "the pages of properties are elsewhere: mend this test");
    nothing(&pages.into_iter().filter(unused).collect::<Vec<_>>(), "add it to PROPERTIES");
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let own = ["README.md", "README.fr.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    for page in own.map(str::to_owned).into_iter().chain(files("docs", ".md")) {
        let folder = Path::new(&page).parent().unwrap().to_owned();
        for target in links(&read(&page)) {
            let path = target.split('#').next().unwrap_or_default();
            if !path.is_empty() && !root().join(&folder).join(path).exists() {
                wrong.push(format!("{page}: {target}"));
            }
        }
    }
    nothing(&wrong, "mend the link");
}

/// The relative targets of a page's links, code left out.
fn links(page: &str) -> Vec<String> {
    let mut code = false;
    let prose = page.lines().filter(|line| {
        code ^= line.starts_with("```");
        !code && !line.starts_with("    ")
    });
    let targets = prose.flat_map(|line| line.split("](").skip(1));
    let targets = targets.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}
