//! The pages in a real browser: a run that goes on, in both languages.

use crate::stage::{Server, Stage, shown};
use std::path::Path;
use std::process::Command;

/// The names under which Chromium is installed.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const JOBS: &str = r#"
[job.news]
description = "says something every second"
does = "command"
command = ["/bin/sh", "-c", "for n in 1 2 3 4 5 6; do echo \"line $n <b>\"; sleep 1; done"]
schedule = "30 4 * * *"
time_zone = "Europe/Brussels"

[job.quiet]
does = "command"
command = ["/bin/true"]
"#;

/// A profile that is logged in: Chromium keeps cookies between its runs only if it is told how long, and
/// ours are; so it logs in by sending the form.
struct Person<'a> {
    server: &'a Server<'a>,
    profile: String,
    language: &'static str,
}

impl<'a> Person<'a> {
    fn new(server: &'a Server<'a>, folder: &Path, language: &'static str) -> Self {
        let profile = shown(&folder.join(format!("profile-{language}")));
        let person = Self { server, profile, language };
        // A page of the test's own sends the form, as a browser that was asked to log in would.
        let form = format!(
            "<form method=post action=\"http://{}/login\"><input name=token value=\"{}\"></form>\
             <script>document.forms[0].submit()</script>",
            server.place, server.stage.token
        );
        let page = folder.join("login.html");
        std::fs::write(&page, form).unwrap();
        person.browse(&format!("file://{}", page.display()), &["--dump-dom"]);
        person
    }

    /// What the browser prints and what its console said.
    fn browse(&self, url: &str, how: &[&str]) -> (String, String) {
        let found = BROWSERS.iter().find_map(|name| {
            Command::new(name)
                .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"])
                .args([
                    "--enable-logging=stderr",
                    "--disable-dev-shm-usage",
                    "--window-size=1000,900",
                ])
                .arg(format!("--user-data-dir={}", self.profile))
                .arg(format!("--lang={0}", self.language))
                .arg(format!("--accept-lang={0}", self.language))
                .args(how)
                .arg(url)
                .output()
                .ok()
        });
        let output = found.expect("no browser: `make browser` installs Chromium");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    }

    fn page(&self, path: &str, how: &[&str]) -> (String, String) {
        self.browse(&format!("http://{}{path}", self.server.place), how)
    }

    /// Keeps a picture where somebody asks for it, to look at.
    fn picture(&self, path: &str, name: &str) {
        if let Ok(folder) = std::env::var("KETUPA_PICTURES") {
            let file = format!("--screenshot={folder}/{name}-{}.png", self.language);
            self.page(path, &[&file]);
        }
    }
}

#[test]
fn real_browser_follows_a_run_in_both_languages() {
    let stage = Stage::new(JOBS);
    let server = stage.serve(&[]);
    for (language, running, done) in
        [("en", "Recent runs", "done"), ("fr", "Exécutions récentes", "réussie")]
    {
        let person = Person::new(&server, &stage.folder, language);
        let (dom, said) = person.page("/", &["--dump-dom"]);
        assert!(
            dom.contains(running) && dom.contains(&format!("<html lang=\"{language}\"")),
            "{said}\n{dom:.3000}"
        );
        let id = server.start("news", "");
        // The page is loaded while the run goes on; time passes in it until the end is told.
        let (dom, said) = person.page(&format!("/runs/{id}"), &["--timeout=12000", "--dump-dom"]);
        assert!(dom.contains("line 6 &lt;b&gt;"), "{said}\n{dom:.3000}");
        assert!(
            dom.contains(&format!("class=\"state done\"")) && dom.contains(done),
            "{dom:.3000}"
        );
        assert!(!said.contains("CONSOLE"), "{said}");
        for (path, name) in [
            ("/", "jobs"),
            ("/jobs/news", "job"),
            ("/tokens", "tokens"),
            ("/search?text=line", "search"),
        ] {
            person.picture(path, name);
        }
        person.picture(&format!("/runs/{id}"), "run");
    }
}
