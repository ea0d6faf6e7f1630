//! The pages in a real browser, driven by its keyboard: logging in, a run that goes on, both languages.

use crate::stage::{Stage, shown, until};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The names under which Chromium is installed.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
/// It hears and answers on its file descriptors 3 and 4.
const PIPED: &str = r#"hear="$1"; tell="$2"; shift 2; exec "$0" "$@" 3<"$hear" 4>"$tell""#;

const JOBS: &str = r#"
[job.news]
description = "says something once it is looked at"
does = "command"
command = ["/bin/sh", "-c", "for n in 1 2 3 4 5; do echo \"line $n <b onclick=alert(1)>\"; until [ -e GO ]; do sleep 0.1; done; sleep 0.5; done"]
schedule = "30 4 * * *"
time_zone = "Europe/Brussels"

[job.quiet]
does = "command"
command = ["/bin/true"]

[job.wrong]
does = "playbook"
playbook = "wrong.yml"
inventory = "edge-01,edge-02,"
"#;

/// Every result that a task can have.
const PLAYBOOK: &str = r#"
- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - name: "<i>fine</i>"
      command: "true"
      changed_when: false
    - name: changes something
      command: "true"
    - name: is left out on edge-02
      command: "true"
      when: inventory_hostname == "edge-01"
    - name: fails on edge-02
      command: "{{ 'true' if inventory_hostname == 'edge-01' else 'false' }}"
"#;

/// The table of tasks, as text.
const TABLE: &str = "[...document.querySelectorAll('#table tr')].map(tr => \
    [...tr.cells].map(td => td.textContent).join('|')).join('\\n')";

/// A browser with one page.
struct Browser {
    child: Child,
    hear: File,
    tell: BufReader<File>,
    session: String,
    asked: u64,
    complaints: Vec<String>,
}

impl Browser {
    fn new(folder: &Path) -> Self {
        let pipes = [folder.join("hear"), folder.join("tell")];
        assert!(Command::new("mkfifo").args(&pipes).status().unwrap().success());
        let name =
            BROWSERS.iter().find(|name| Command::new(name).arg("--version").output().is_ok());
        let name = name.expect("no browser: `make browser` installs Chromium");
        let mut command = Command::new("sh");
        command.args(["-c", PIPED, name]).args(&pipes);
        command.args(["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"]);
        command.args([
            "--disable-dev-shm-usage",
            "--remote-debugging-pipe",
            "--window-size=1000,900",
        ]);
        command.arg(format!("--user-data-dir={}", shown(&folder.join("profile"))));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let hear = File::options().write(true).open(&pipes[0]).unwrap();
        let tell = BufReader::new(File::open(&pipes[1]).unwrap());
        let (session, complaints) = (String::new(), Vec::new());
        let mut browser = Self { child, hear, tell, session, asked: 0, complaints };
        let page = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", &attach);
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            browser.ask(domain, &json!({}));
        }
        browser
    }

    fn ask(&mut self, method: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let mut question = json!({ "id": self.asked, "method": method, "params": parameters });
        if !self.session.is_empty() {
            question["sessionId"] = json!(self.session);
        }
        self.hear.write_all(format!("{question}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            assert!(self.tell.read_until(0, &mut bytes).unwrap() > 0, "the browser is gone");
            let told: Value = serde_json::from_slice(bytes.strip_suffix(b"\0").unwrap()).unwrap();
            if told["id"] == self.asked {
                assert!(told["error"].is_null(), "{method}: {told}");
                return told["result"].clone();
            }
            self.note(&told);
        }
    }

    /// What the page complains of: a blocked script, an error, something that it could not load.
    fn note(&mut self, told: &Value) {
        let entry = &told["params"]["entry"];
        let bad = matches!(entry["level"].as_str(), Some("error" | "warning"));
        if told["method"] == "Runtime.exceptionThrown"
            || (told["method"] == "Log.entryAdded" && bad)
        {
            self.complaints.push(told["params"].to_string());
        }
    }

    fn value(&mut self, expression: &str) -> Value {
        let question = json!({ "expression": expression, "returnByValue": true });
        self.ask("Runtime.evaluate", &question)["result"]["value"].clone()
    }

    fn text(&mut self, expression: &str) -> String {
        self.value(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression holds on the page.
    fn holds(&mut self, expression: &str) {
        until(expression, || (self.value(expression) == json!(true)).then_some(()));
    }

    fn visit(&mut self, address: &str) {
        self.ask("Page.navigate", &json!({ "url": address }));
        self.holds("document.readyState === 'complete'");
    }

    fn types(&mut self, text: &str) {
        self.ask("Input.insertText", &json!({ "text": text }));
    }

    fn press(&mut self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.ask("Input.dispatchKeyEvent", &event);
        }
    }

    /// Keeps a picture where somebody wants to look at it.
    fn picture(&mut self, name: &str) {
        let Ok(folder) = std::env::var("KETUPA_PICTURES") else { return };
        let taken = self.ask("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let out = File::create(format!("{folder}/{name}.png")).unwrap();
        let mut command = Command::new("base64");
        let mut child = command.arg("-d").stdin(Stdio::piped()).stdout(out).spawn().unwrap();
        child.stdin.take().unwrap().write_all(taken["data"].as_str().unwrap().as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Logs in by the keyboard: the field has the focus, a token and Enter are enough.
fn log_in(browser: &mut Browser, home: &str, token: &str) {
    browser.visit(home);
    browser.holds("document.activeElement.id === 'token'");
    browser.picture("login");
    browser.types(token);
    browser.press("Enter", 13, "\r");
    browser
        .holds("location.pathname === '/' && document.querySelector('h1').textContent === 'Jobs'");
    browser.picture("jobs-en");
}

#[test]
fn real_browser_follows_a_run_that_it_started() {
    let go = std::env::temp_dir().join(format!("ketupa-desk-{}-go", std::process::id()));
    let stage = Stage::new(&JOBS.replace("GO", &shown(&go)));
    let server = stage.serve(&[]);
    let mut browser = Browser::new(&stage.folder);
    log_in(&mut browser, &format!("http://{}", server.place), &stage.token);
    browser.value("document.querySelector('button[aria-label=\"Run now: news\"]').focus()");
    browser.press("Enter", 13, "\r");
    browser.holds("location.pathname.startsWith('/runs/')");
    browser.holds("document.getElementById('state').textContent === 'running'");
    browser.holds(
        "document.getElementById('output').textContent.includes('line 1 <b onclick=alert(1)>')",
    );
    browser.picture("live-en");
    std::fs::write(&go, "").unwrap();
    browser.holds("document.getElementById('state').textContent === 'done'");
    assert_eq!(browser.value("document.querySelectorAll('#output *').length"), 0, "it is text");
    let lines = browser.value("document.getElementById('output').textContent.split('\\n').length");
    assert_eq!(lines, 6, "each line once, and the end of the last");
    browser.holds("document.getElementById('cancel') === null");
    assert_eq!(browser.complaints, Vec::<String>::new());
    std::fs::remove_file(go).unwrap();
}

#[test]
fn real_browser_shows_tasks_in_the_language_that_was_chosen() {
    let stage = Stage::new(JOBS);
    std::fs::write(stage.folder.join("isp/wrong.yml"), PLAYBOOK).unwrap();
    let server = stage.serve(&[]);
    let wrong = server.start("wrong", "");
    assert_eq!(server.ended(wrong)["state"], "failed", "{}", server.output(wrong));
    let home = format!("http://{}", server.place);
    let mut browser = Browser::new(&stage.folder);
    log_in(&mut browser, &home, &stage.token);
    // The language is switched on the page that somebody is on, and stays.
    browser.visit(&format!("{home}/runs/{wrong}"));
    browser.value("document.querySelector('a[hreflang=fr]').click()");
    browser
        .holds("document.documentElement.lang === 'fr' && location.pathname.startsWith('/runs/')");
    browser.holds("document.readyState === 'complete'");
    let rows = [
        "Étape|edge-01|edge-02",
        "<i>fine</i>|conforme|conforme",
        "changes something|modifié|modifié",
        "is left out on edge-02|modifié|sauté",
        "fails on edge-02|modifié|échoué",
    ];
    assert_eq!(browser.text(TABLE), rows.join("\n"));
    browser.picture("run-fr");
    let pages = [
        ("/", "jobs"),
        ("/jobs/news", "job"),
        ("/tokens", "tokens"),
        ("/search?text=edge", "search"),
    ];
    for (path, name) in pages {
        browser.visit(&format!("{home}{path}"));
        browser.picture(&format!("{name}-fr"));
    }
    // A page that goes on adds to the table as tasks end.
    let again = server.start("wrong", "");
    browser.visit(&format!("{home}/runs/{again}"));
    browser.holds("document.getElementById('state').textContent === 'échouée'");
    browser.holds("document.getElementById('says').textContent === 'code de retour 2'");
    assert_eq!(browser.text(TABLE), rows.join("\n"));
    // Nothing was blocked, nothing failed.
    assert_eq!(browser.complaints, Vec::<String>::new());
}
