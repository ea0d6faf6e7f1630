//! A real server evaluates rules of files and of the model, and what it knows of alerts survives its end.

use crate::http::send;
use crate::stage::{Server, Stage, shown, until};
use metrics::wire::remote_write::request;
use metrics::{Labels, NAME};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");
const RULES: &str = "groups:
- name: rooms
  interval: 1s
  rules:
  - record: room:heat:max
    expr: max by (room) (heat)
  - alert: TooHot
    expr: room:heat:max > 30
    for: 2s
    labels: {severity: warning, object: \"room.{{ $labels.room }}\"}
    annotations: {summary: \"{{ $labels.room }} has {{ $value }} degrees\"}
";

/// Somebody measures how warm a room is.
fn measures(server: &Server<'_>, heat: f64) {
    let now = jiff::Timestamp::now().as_millisecond();
    let labels = Labels::new([(NAME, "heat"), ("room", "attic")]);
    let body = request([(&labels, &[(now, heat)][..])]);
    let auth = format!("Authorization: Bearer {}", server.stage.token);
    assert_eq!(send(&server.place, "POST", "/api/v1/write", &[&auth], &body).status, 204);
}

fn alerts(server: &Server<'_>, token: &Path) -> Output {
    let place = format!("http://{}", server.place);
    let words = ["alerts", "--server", &place, "--token-file", &shown(token)];
    Command::new(KETUPA).args(words).output().unwrap()
}

/// Since when the alert is on.
fn since(server: &Server<'_>) -> Option<String> {
    let alert = &server.api("GET", "/alerts", "")["data"]["alerts"][0];
    (alert["state"] == "firing").then(|| alert["activeAt"].as_str().unwrap().to_owned())
}

#[test]
fn rules_of_a_file_are_evaluated_and_a_killed_server_forgets_no_alert() {
    let stage = Stage::new("");
    let (rules, token) = (stage.folder.join("rooms.yml"), stage.folder.join("reads"));
    std::fs::write(&rules, RULES).unwrap();
    std::fs::write(&token, stage.token("metrics:read")).unwrap();
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let words = ["--rules", &shown(&rules)];
    let server = stage.serve(&words);
    measures(&server, 21.0);
    let well = until("the rules are there", || {
        let groups = server.api("GET", "/rules", "")["data"]["groups"].as_array()?.len();
        (groups == 1).then(|| alerts(&server, &token))
    });
    assert_eq!(well.status.code(), Some(0), "{well:?}");
    assert!(String::from_utf8_lossy(&well.stderr).contains("nothing is wrong"), "{well:?}");

    measures(&server, 35.0);
    let began = until("it is too hot", || since(&server));
    let told = alerts(&server, &token);
    assert_eq!(told.status.code(), Some(1), "{told:?}");
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(text.contains("TooHot room.attic: attic has 35 degrees"), "{text}");
    server.signal("KILL");
    drop(server);

    let server = stage.serve(&words);
    let still = until("it is known again", || since(&server));
    assert_eq!(still, began, "it goes on since then");
    measures(&server, 20.0);
    until("it is cool", || (alerts(&server, &token).status.code() == Some(0)).then_some(()));
}

#[test]
fn a_watched_provider_has_the_rules_of_its_model_and_others_have_none() {
    let groups = |server: &Server<'_>| -> Vec<Value> {
        let told = server.api("GET", "/rules", "");
        told["data"]["groups"].as_array().cloned().unwrap_or_default()
    };
    let watched = "\n[watch]\nurl = \"https://watch.example.net\"\n[site.here]\n\
                   [host.web-01]\nsite = \"here\"\nrole = \"server\"\nnic.lan = { segment = \"lan\", ipv4 = \"192.0.2.5\" }\n\
                   [segment.lan]\nkind = \"lan\"\nipv4 = \"192.0.2.0/24\"\n";
    let stage = Stage::new(watched);
    let server = stage.serve(&[]);
    let found = until("the rules are there", || {
        let groups = groups(&server);
        (!groups.is_empty()).then_some(groups)
    });
    let text = Value::from(found).to_string();
    assert!(text.contains("host.web-01") || text.contains("web-01"), "{text}");
    drop(server);
    let stage = Stage::new("");
    let rules = stage.folder.join("rooms.yml");
    std::fs::write(&rules, RULES).unwrap();
    let server = stage.serve(&["--rules", &shown(&rules)]);
    let found = until("the file's rules are there", || {
        let groups = groups(&server);
        (!groups.is_empty()).then_some(groups)
    });
    assert_eq!(found.len(), 1, "the file's and no other: {found:?}");
}

#[test]
fn a_file_of_rules_that_cannot_be_read_is_told() {
    let stage = Stage::new("\n[watch]\nrules = [\"own.yml\"]\n");
    for none in [stage.folder.join("none.yml"), stage.folder.join("isp")] {
        let words = ["serve", &shown(&stage.folder.join("isp")), "--rules", &shown(&none)];
        let ended = stage.command(&words).args(["--listen", "127.0.0.1:0"]).output().unwrap();
        assert_eq!(ended.status.code(), Some(3), "{ended:?}");
        assert!(String::from_utf8_lossy(&ended.stderr).contains(&shown(&none)), "{ended:?}");
    }
    let went = || {
        let server = stage.serve(&[]);
        until("the last reading is told", || {
            let asked = "/query?query=prometheus_config_last_reload_successful";
            let told = server.api("GET", asked, "");
            Some(told["data"]["result"][0]["value"][1].as_str()?.to_owned())
        })
    };
    assert_eq!(went(), "0", "it is not there");
    std::fs::write(stage.folder.join("isp/own.yml"), RULES).unwrap();
    std::fs::remove_dir_all(stage.folder.join("data/metrics")).unwrap();
    assert_eq!(went(), "1");
}
