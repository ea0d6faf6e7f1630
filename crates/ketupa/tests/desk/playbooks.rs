//! Playbooks that nobody here wrote, run by the real Ansible: those that Debian's ansible-core brings along.

use crate::stage::{SECRET, Server, Stage, shown, until};
use jobs::secret::{hex, seal};
use serde_json::{Value, json};

const SETUP: &str =
    "/usr/lib/python3/dist-packages/ansible_test/_data/playbooks/posix_coverage_setup.yml";
const TEARDOWN: &str =
    "/usr/lib/python3/dist-packages/ansible_test/_data/playbooks/posix_coverage_teardown.yml";

/// The hosts of what the clock starts.
const CLOCK: [&str; 2] = ["mail-03", "mail-04"];

fn jobs() -> String {
    let setup = |name: &str, more: &str| {
        // What the clock starts has hosts of its own: nobody knows when its minute comes.
        let inventory = if name == "by-schedule" { "clock.ini" } else { "hosts.ini" };
        format!(
            "\n[job.{name}]\ndoes = \"playbook\"\nplaybook = \"{SETUP}\"\ninventory = \"{inventory}\"\n{more}"
        )
    };
    setup("by-api", "parameters = [\"coverage_config\"]\n")
        + &setup("by-webhook", "webhook = \"env:HOOK\"\n")
        + &setup("by-schedule", "schedule = \"* * * * *\"\ntime_zone = \"Europe/Brussels\"\n")
        + &format!(
            "\n[job.teardown]\ndoes = \"playbook\"\nplaybook = \"{TEARDOWN}\"\ninventory = \"hosts.ini\"\n"
        )
}

/// Two hosts that are this machine, each with a folder of its own.
fn inventory(stage: &Stage) -> String {
    machines(stage, ["mail-01", "mail-02"])
}

fn machines(stage: &Stage, hosts: [&str; 2]) -> String {
    let folder = shown(&stage.folder);
    let host = |name: &str| {
        format!(
            "{name} ansible_connection=local ansible_python_interpreter=/usr/bin/python3 common_temp_dir={folder}/{name} \
             coverage_config_path={folder}/{name}/rc coverage_output_path={folder}/{name}/out \
             coverage_config=plain mode_directory=0755 mode_directory_write=0777 mode_file=0644\n"
        )
    };
    hosts.map(host).concat()
}

fn results(run: &Value) -> Vec<String> {
    let tasks = run["tasks"].as_array().unwrap();
    let mut results: Vec<String> = tasks
        .iter()
        .map(|task| {
            format!("{} {} {}", task["host"], task["task"], task["result"]).replace('"', "")
        })
        .collect();
    results.sort();
    results
}

fn all(result: &str) -> Vec<String> {
    of(["mail-01", "mail-02"], result)
}

fn of(hosts: [&str; 2], result: &str) -> Vec<String> {
    let tasks = [
        "Create coverage configuration file",
        "Create coverage output directory",
        "Create coverage temporary directory",
    ];
    hosts.map(|host| tasks.map(|task| format!("{host} {task} {result}"))).concat()
}

fn done(server: &Server<'_>, id: i64) -> Value {
    let run = server.ended(id);
    assert_eq!(run["state"], "done", "{run}\n{}", server.output(id));
    run
}

/// Variables that Ansible Vault closed with the secret that the job names.
fn close(stage: &Stage) {
    let folder = stage.folder.join("isp/closed/group_vars");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(stage.folder.join("isp/hosts.ini"), stage.folder.join("isp/closed/hosts.ini"))
        .unwrap();
    let (file, password) = (folder.join("all.yml"), stage.folder.join("password"));
    std::fs::write(&file, "coverage_config: opened\n").unwrap();
    std::fs::write(&password, SECRET).unwrap();
    let mut command = std::process::Command::new("ansible-vault");
    command.args(["encrypt", "--vault-password-file"]).args([&password, &file]);
    assert!(command.output().unwrap().status.success());
    std::fs::remove_file(password).unwrap();
}

#[test]
fn real_playbook_opens_a_vault_with_a_secret_that_nobody_sees() {
    let job = format!(
        "\n[job.closed]\ndoes = \"playbook\"\nplaybook = \"{SETUP}\"\ninventory = \"closed/hosts.ini\"\n\
         hosts = []\nvault = \"env:HOOK\"\n"
    );
    let stage = Stage::new(&job);
    let inventory = inventory(&stage).replace(" coverage_config=plain", "");
    std::fs::write(stage.folder.join("isp/hosts.ini"), inventory).unwrap();
    close(&stage);
    let server = stage.serve(&[]);
    let id = server.start("closed", "");
    done(&server, id);
    assert_eq!(std::fs::read_to_string(stage.folder.join("mail-01/rc")).unwrap(), "opened");
    assert!(!server.output(id).contains(SECRET));
    for file in std::fs::read_dir(stage.folder.join("data")).unwrap().flatten() {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        let holds = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
        assert!(!holds, "{} holds the secret", file.path().display());
    }
}

#[test]
fn real_playbooks_run_by_api_by_webhook_and_by_schedule() {
    let stage = Stage::new(&jobs());
    std::fs::write(stage.folder.join("isp/hosts.ini"), inventory(&stage)).unwrap();
    let clock = machines(&stage, CLOCK);
    std::fs::write(stage.folder.join("isp/clock.ini"), clock).unwrap();
    let server = stage.serve(&[]);
    // What a caller sets is text: Ansible runs nothing of it.
    let set = r#"{"parameters": {"coverage_config": "it's \"$(id)\" 'x'"}}"#;
    let run = done(&server, server.start("by-api", set));
    assert_eq!(results(&run), all("changed"));
    let written = std::fs::read_to_string(stage.folder.join("mail-02/rc")).unwrap();
    assert_eq!(written, "it's \"$(id)\" 'x'");
    assert!(server.output(run["run"].as_i64().unwrap()).contains("PLAY RECAP"));

    let body = "{}";
    let signature = hex(&seal(SECRET.as_bytes(), body.as_bytes()));
    let signature = format!("X-Hub-Signature-256: sha256={signature}");
    let called = server.post("/hooks/by-webhook", &[&signature], body);
    let run = done(&server, called.json()["run"].as_i64().unwrap());
    assert_eq!(run["tasks"].as_array().unwrap().len(), 6);
    assert_eq!(std::fs::read_to_string(stage.folder.join("mail-01/rc")).unwrap(), "plain");

    the_clock_starts_one_and_then_another(&server);
    done(&server, server.start("teardown", ""));
    assert!(!stage.folder.join("mail-01").exists());
}

/// Runs of one job never overlap: what the first changed, those after it find as it shall be.
fn the_clock_starts_one_and_then_another(server: &Server<'_>) {
    let by_hand = done(server, server.start("by-schedule", ""))["run"].as_i64().unwrap();
    let planned = until("its minute comes", || {
        let runs = server.api("GET", "/runs?job=by-schedule", "");
        let runs = runs["runs"].as_array()?.clone();
        let later =
            |run: &&Value| run["cause"] == "schedule" && run["run"].as_i64() > Some(by_hand);
        runs.iter().find(later)?["run"].as_i64()
    });
    let run = done(server, planned);
    assert_eq!((&run["cause"], results(&run)), (&json!("schedule"), of(CLOCK, "ok")));
}
