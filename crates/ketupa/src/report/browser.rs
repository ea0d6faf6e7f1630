//! The page in a real browser: it runs from a file, and a finding lights up its way on the map.

use super::made::{self, Made};
use super::page;
use std::path::PathBuf;
use std::process::Command;

/// The names under which Chromium is installed.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Writes the page of a report into a folder of its own.
fn written(made: &Made, name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ketupa-page-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("page.html"), page(&made.proved(), &made.singles)).unwrap();
    folder
}

/// Runs the browser on the page; what it prints, and what its console said.
fn browse(folder: &std::path::Path, hash: &str, how: &[&str]) -> (String, String) {
    let url = format!("file://{}/page.html{hash}", folder.display());
    let profile = format!("--user-data-dir={}/profile", folder.display());
    let found = BROWSERS.iter().find_map(|name| {
        Command::new(name)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--lang=en", &profile])
            .args(["--enable-logging=stderr", "--virtual-time-budget=3000"])
            .args(["--disable-dev-shm-usage", "--no-first-run"])
            .args(how)
            .arg(&url)
            .output()
            .ok()
    });
    let output = found.expect("no browser: `make browser` installs Chromium");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The classes of a shape of the map.
fn classes<'a>(dom: &'a str, key: &str) -> Vec<&'a str> {
    let mark = format!("\" data-key=\"{key}\"");
    let before = dom.split_once(&mark).unwrap_or_else(|| panic!("{key} is not on the page")).0;
    before.rsplit_once("class=\"").expect("shapes have classes").1.split(' ').collect()
}

#[test]
fn real_browser_lights_up_the_way_of_a_finding() {
    let folder = written(&made::broken(), "way");
    let (dom, said) = browse(&folder, "#finding=V-EDGE-TRANSIT-77b0e2", &["--dump-dom"]);
    let lit = ["nic.edge-02/ix", "nic.edge-02/bb-a", "nic.edge-01/bb-a", "nic.core-01/patata"];
    for key in lit.into_iter().chain(["host.edge-02", "host.friend", "segment.backbone-a"]) {
        assert!(classes(&dom, key).contains(&"lit"), "{key} is dark: {said}");
    }
    assert!(classes(&dom, "nic.edge-02/bb-b").contains(&"dead"), "{said}");
    assert!(classes(&dom, "host.core-03").iter().all(|class| *class != "lit"));
    assert!(dom.contains("<td>BGP 80.67.181.0/26 from core-01<span"), "the hops are a table");
    assert!(!said.contains("CONSOLE"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn real_browser_shows_a_set_of_failures_in_french() {
    let folder = written(&made::broken(), "scene");
    let (dom, said) = browse(&folder, "#scene=1&lang=fr", &["--dump-dom"]);
    assert!(dom.contains("<html lang=\"fr\""), "{said}");
    assert!(dom.contains("sans link.core-01/bb-a, daemon.core-02/keepalived"), "{dom:.2000}");
    assert!(classes(&dom, "nic.core-01/bb-a").contains(&"dead"));
    assert!(classes(&dom, "host.core-02").contains(&"ill"));
    assert!(!said.contains("CONSOLE"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn real_browser_never_runs_what_names_say() {
    let folder = written(&made::hostile(), "hostile");
    let (dom, said) = browse(&folder, "#finding=&lang=__proto__", &["--dump-dom"]);
    assert!(!dom.contains("<img"), "a name became an element");
    assert!(dom.contains("&lt;img src=x onerror=alert(1)&gt;"), "the name is shown");
    assert!(!said.contains("CONSOLE"), "{said}");
    std::fs::remove_dir_all(folder).unwrap();
}
