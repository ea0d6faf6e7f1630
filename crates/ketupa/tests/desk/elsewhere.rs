//! Lines of logs have outgrown the server: one setting sends them to another that speaks Loki's language.

use crate::agent::{Agent, asked};
use crate::stage::{Stage, shown, until};

const LINES: &str =
    "/loki/api/v1/query?query=sum(count_over_time(%7Binstance%3D%22here%22%7D%5B1h%5D))";
const MEASURED: &str = "/api/v1/query?query=count(node_load1%7Binstance%3D%22here%22%7D)";

#[test]
fn lines_go_to_another_server_with_a_token_of_its_own_and_measurements_stay() {
    let (stage, another) = (Stage::new(""), Stage::new(""));
    let (server, loki) = (stage.serve(&[]), another.serve(&[]));
    let (log, token) = (stage.folder.join("test.log"), stage.folder.join("logs.token"));
    std::fs::write(&log, "").unwrap();
    // The first server's token is worth nothing there: it would be refused.
    std::fs::write(&token, &another.token).unwrap();
    let more = format!(
        "[send.logs]\nurl = \"http://{}\"\ntoken_file = \"{}\"\n",
        loki.place,
        shown(&token)
    );
    let agent = Agent::start(&server, &log, &more);
    let mut written = String::new();
    until("a line is there", || {
        // The first lines may be written before the agent follows.
        written.push_str("a line\n");
        std::fs::write(&log, &written).unwrap();
        asked(&loki, LINES)[0]["value"][1].as_str().map(str::to_owned)
    });
    until("measurements are there", || asked(&server, MEASURED).get(0).cloned());
    assert!(asked(&server, LINES).get(0).is_none(), "no line is at the first server");
    assert!(asked(&loki, MEASURED).get(0).is_none(), "no measurement is at the other");
    assert!(!agent.said().contains("wait"), "{}", agent.said());
}
