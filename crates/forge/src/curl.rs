//! Sends one question by curl: its certificates, its proxies. Nothing secret is in its arguments.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::request::Request;
use crate::{Forge, Trouble};

/// How long an answer may be; a page of changes is some hundred kilobytes.
const MOST: &str = "20000000";

pub(crate) fn send(forge: &Forge, request: &Request) -> Result<Value, Trouble> {
    let asked = format!("{} {}{}", request.method, forge.url, request.path);
    let said = run(&config(forge, request))
        .map_err(|error| Trouble(format!("cannot start curl for {asked}: {error}")))?;
    if !said.status.success() {
        let why = String::from_utf8_lossy(&said.stderr);
        return Err(Trouble(format!("{asked}: {}", why.trim())));
    }
    let text = String::from_utf8_lossy(&said.stdout);
    let (answer, code) = text.rsplit_once('\n').unwrap_or(("", &text));
    if !code.starts_with('2') {
        let (line, hint) = (one_line(answer), hint(code));
        return Err(Trouble(format!("{asked} is answered with {code}: {line}{hint}")));
    }
    serde_json::from_str(answer)
        .map_err(|_| Trouble(format!("{asked}: the answer is not JSON: {}", one_line(answer))))
}

/// curl's own configuration, which it reads from its standard input.
fn config(forge: &Forge, request: &Request) -> String {
    let mut lines = vec![
        "silent".to_owned(),
        "show-error".to_owned(),
        // Only these; and a redirection would carry the token elsewhere.
        "proto = \"=http,https\"".to_owned(),
        "max-redirs = 0".to_owned(),
        "connect-timeout = 10".to_owned(),
        "max-time = 60".to_owned(),
        format!("max-filesize = {MOST}"),
        "write-out = \"\\n%{http_code}\"".to_owned(),
        format!("request = {}", quoted(request.method)),
        format!("url = {}", quoted(&format!("{}{}", forge.url, request.path))),
        format!("header = {}", quoted(&forge.kind.header(&forge.token))),
    ];
    if let Some(body) = &request.body {
        lines.push("header = \"Content-Type: application/json\"".to_owned());
        lines.push(format!("data-binary = {}", quoted(&body.to_string())));
    }
    lines.join("\n") + "\n"
}

/// A word for curl's configuration: its quotes, and no line of its own.
fn quoted(text: &str) -> String {
    let safe = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", safe.replace('\n', "\\n").replace('\r', "\\r"))
}

fn run(config: &str) -> std::io::Result<Output> {
    let mut child = Command::new("curl")
        // What is in the operator's ~/.curlrc is not for this.
        .args(["--disable", "--globoff", "--config", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut into) = child.stdin.take() {
        into.write_all(config.as_bytes())?;
    }
    child.wait_with_output()
}

fn one_line(answer: &str) -> String {
    let line: String = answer.chars().take(300).collect();
    line.replace(char::is_control, " ")
}

fn hint(code: &str) -> &'static str {
    match code {
        "401" | "403" => " (the token is not taken, or may not do this)",
        "404" => " (no such project, or the token may not see it)",
        _ => "",
    }
}
