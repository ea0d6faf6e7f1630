//! Who may do what, and what is sent to whom.

use crate::stage::{SECRET, Server, Stage, until};
use jobs::secret::{hex, seal};
use serde_json::json;

const JOBS: &str = r#"
[job.hello]
does = "command"
command = ["/bin/sh", "-c", "echo hello $PARAM_NAME '<script>alert(1)</script>'; env"]
parameters = ["name"]
webhook = "env:HOOK"

[job.other]
does = "command"
command = ["/bin/true"]
"#;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn status(server: &Server<'_>, token: &str, method: &str, path: &str) -> u16 {
    let bearer = format!("Authorization: Bearer {token}");
    crate::http::ask(&server.place, method, path, &[&bearer], "").status
}

#[test]
fn a_program_runs_a_job_and_reads_what_it_printed() {
    let stage = Stage::new(JOBS);
    let server = stage.serve(&[]);
    let id = server.start("hello", r#"{"parameters": {"name": "$(reboot)"}}"#);
    let run = server.ended(id);
    assert_eq!(
        (&run["state"], &run["exit"], &run["who"]),
        (&json!("done"), &json!(0), &json!("somebody"))
    );
    let output = server.output(id);
    assert!(output.starts_with("hello $(reboot) <script>"), "{output}");
    assert!(!output.contains("HOOK"), "a command has nothing of the server's secrets: {output}");
    let bearer = format!("Authorization: Bearer {}", stage.token);
    let live = server.get(&format!("/api/v1/runs/{id}/events"), &[&bearer]);
    assert!(
        live.body.contains("hello $(reboot)") && live.body.contains("event: end\ndata: over"),
        "{live:?}"
    );
    let refused =
        server.post("/api/v1/jobs/hello/runs", &[&bearer], r#"{"parameters": {"x": "1"}}"#);
    assert_eq!(refused.status, 422);
    assert_eq!(status(&server, &stage.token, "POST", "/api/v1/jobs/nothing/runs"), 404);
    for odd in ["[]", "{\"x\": 1}", "{\"parameters\": {\"name\": 1}}", &"[".repeat(60_000), "\u{0}"]
    {
        assert_eq!(
            server.post("/api/v1/jobs/hello/runs", &[&bearer], odd).status,
            422,
            "{odd:.20}"
        );
    }
    let long = "x".repeat(70_000);
    assert_eq!(server.post("/api/v1/jobs/hello/runs", &[&bearer], &long).status, 413);
    assert_eq!(server.get("/api/v1/runs/9999999999999999999999", &[&bearer]).status, 400);
    assert_eq!(server.get("/api/v1/runs/-1", &[&bearer]).status, 404);
}

#[test]
fn a_token_does_what_its_scopes_say() {
    let stage = Stage::new(JOBS);
    let server = stage.serve(&[]);
    let (read, run) = (stage.token("read"), stage.token("run:hello"));
    assert_eq!(status(&server, "ketupa_x_y", "GET", "/api/v1/jobs"), 401);
    assert_eq!(status(&server, &read, "GET", "/api/v1/jobs"), 200);
    assert_eq!(status(&server, &read, "POST", "/api/v1/jobs/hello/runs"), 403);
    assert_eq!(status(&server, &run, "POST", "/api/v1/jobs/hello/runs"), 202);
    assert_eq!(status(&server, &run, "POST", "/api/v1/jobs/other/runs"), 403);
    let other = server.start("other", "");
    assert_eq!(status(&server, &run, "GET", &format!("/api/v1/runs/{other}")), 403);
    stage.says(&["token", "revoke", run.split('_').nth(1).unwrap()]);
    assert_eq!(status(&server, &run, "POST", "/api/v1/jobs/hello/runs"), 401);
    let listed = stage.says(&["token", "list"]);
    assert!(
        listed.contains("run:hello, revoked") && !listed.contains(read.rsplit('_').next().unwrap())
    );
}

#[test]
fn a_forge_calls_once_for_each_push() {
    let stage = Stage::new(JOBS);
    let server = stage.serve(&[]);
    let body = r#"{"ref": "refs/heads/main"}"#;
    let signature =
        format!("X-Hub-Signature-256: sha256={}", hex(&seal(SECRET.as_bytes(), body.as_bytes())));
    let call = |path: &str, headers: &[&str]| server.post(path, headers, body).status;
    assert_eq!(call("/hooks/hello", &[&signature]), 202);
    assert_eq!(call("/hooks/hello", &[&signature, "X-GitHub-Delivery: another"]), 200, "a copy");
    assert_eq!(call("/hooks/hello", &["X-Hub-Signature-256: sha256=00"]), 404);
    assert_eq!(call("/hooks/hello", &[]), 404);
    assert_eq!(call("/hooks/other", &[&signature]), 404, "it has no webhook");
    let token = format!("X-Gitlab-Token: {SECRET}");
    assert_eq!(call("/hooks/hello", &[&token, "X-Gitlab-Event-UUID: 1"]), 202);
    assert_eq!(call("/hooks/hello", &["X-Gitlab-Token: wrong"]), 404);
    let runs = server.api("GET", "/runs?job=hello", "");
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_page_is_safe_from_what_it_shows_and_from_other_pages() {
    let stage = Stage::new(JOBS);
    let server = stage.serve(&[]);
    let answer = server.get("/", &[]);
    assert_eq!((answer.status, answer.header("location")), (303, "/login?to=/"));
    assert!(
        answer.header("content-security-policy").starts_with("default-src 'none'"),
        "{answer:?}"
    );
    let wrong = server.post("/login", &[FORM], "token=ketupa_a_b");
    assert_eq!(wrong.status, 403);
    let login = server.post("/login?to=//evil.example", &[FORM], &format!("token={}", stage.token));
    let kept = login.header("set-cookie");
    assert!(kept.contains("; HttpOnly; SameSite=Strict") && !kept.contains(&stage.token), "{kept}");
    assert_eq!(login.header("location"), "/");
    let cookie = format!("Cookie: {}", server.log_in(&stage.token));
    let id = server.start("hello", "");
    server.ended(id);
    let page = server.get(&format!("/runs/{id}"), &[&cookie]).body;
    assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script>alert"), "{page}");
    // A form without the seal, or from another page, starts nothing.
    assert_eq!(server.post("/jobs/other/run", &[FORM, &cookie], "").status, 400);
    let page = server.get("/jobs/other", &[&cookie]).body;
    let seal = page.split("name=\"seal\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = format!("seal={seal}");
    let evil = "Origin: https://evil.example";
    assert_eq!(server.post("/jobs/other/run", &[FORM, &cookie, evil], &form).status, 400);
    let own = format!("Origin: http://{}", server.place);
    assert_eq!(server.post("/jobs/other/run", &[FORM, &cookie, &own], &form).status, 303);
    assert_eq!(server.post("/logout", &[FORM, &cookie], &form).status, 303);
    assert_eq!(server.get("/", &[&cookie]).status, 303, "the session is over");
}

#[test]
fn what_was_printed_is_found() {
    let stage = Stage::new(JOBS);
    let server = stage.serve(&[]);
    let id = server.start("hello", r#"{"parameters": {"name": "Zwijntje"}}"#);
    server.ended(id);
    let cookie = format!("Cookie: {}", server.log_in(&stage.token));
    let page = server.get("/search?text=zWIJntje", &[&cookie, "Accept-Language: fr-BE"]).body;
    assert!(page.contains("<html lang=\"fr\">") && page.contains("hello Zwijntje"), "{page}");
    assert!(server.get("/search?text=%25", &[&cookie]).body.contains("Nothing was found."));
    assert!(stage.says(&["job", "show", &id.to_string()]).contains("hello Zwijntje"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let stage = Stage::new(JOBS);
    let refused = |words: &[&str], status: i32, says: &str| {
        let output = stage.command(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.contains(says)), (Some(status), true), "{said}");
    };
    let isp = crate::stage::shown(&stage.folder.join("isp"));
    refused(&["serve", &isp, "--listen", "0.0.0.0:0"], 2, "--behind-tls");
    refused(&["serve", &isp, "--database", "postgres://k:hush@localhost/k"], 2, "--database-file");
    refused(&["token", "create", "x", "--scope", "everything"], 2, "`run:JOB`");
    refused(&["job", "run", "nothing", &isp], 2, "no job `nothing`");
    refused(&["job", "cancel", "99"], 2, "no run 99");
    let unit = stage.says(&["serve", &isp, "--print-unit"]);
    assert!(
        unit.contains("NoNewPrivileges=yes") && unit.contains("--listen 127.0.0.1:8017"),
        "{unit}"
    );
}

#[test]
fn a_broken_declaration_leaves_the_jobs_as_they_were() {
    let stage = Stage::new(JOBS);
    let server = stage.serve(&[]);
    std::fs::write(stage.folder.join("isp/more.toml"), "[job.hello\n").unwrap();
    let jobs = until("the trouble is told", || {
        let jobs = server.api("GET", "/jobs", "");
        jobs["trouble"].is_string().then_some(jobs)
    });
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 2);
}
