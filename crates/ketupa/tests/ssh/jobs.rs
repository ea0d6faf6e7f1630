//! The job desk over real SSH: what a hand changed is seen by one job, and put back by another.

use crate::stage::{Story, soon};

const BIRD: &str = "/etc/bird/bird.conf";
const JOBS: &str = r#"
[job.converge]
does = "converge"
group = "hosts"
schedule = "* * * * *"

[job.drift]
does = "drift"
hosts = ["router"]
group = "hosts"
"#;
const KETUPA: &str = "/root/ketupa";

/// Puts a run into the queue and waits for its end: its state, and what it printed.
fn run(story: &Story, job: &str) -> (String, String) {
    let asked = story.at_desk(&format!("{KETUPA} job run {job} /root/isp --data /root/data"));
    let id = asked.ends(0, &[]).out.trim().to_owned();
    let mut state = String::new();
    soon(120, || {
        let shown = story.at_desk(&format!("{KETUPA} job show {id} --data /root/data")).err;
        state = shown.trim().rsplit("  ").next().unwrap_or_default().to_owned();
        let open = state.starts_with("waiting") || state.starts_with("running");
        if open { Err(shown) } else { Ok(()) }
    });
    (state, story.at_desk(&format!("{KETUPA} job show {id} --data /root/data")).out)
}

#[test]
fn a_hand_is_seen_by_one_job_and_put_back_by_another() {
    let story = Story::with(JOBS);
    story.at_desk(&format!("cp /proc/1/exe {KETUPA}")).ends(0, &[]);
    let reach = ["--executor", "/root/ketupa-host", "--ssh-config", "/root/config"];
    let serve = ["timeout", "280", KETUPA, "serve", "/root/isp", "--data", "/root/data"];
    let mut server = story.twin().spawn("desk", &[&serve[..], &reach[..]].concat()).unwrap();
    soon(20, || match story.at_desk("ls /root/data/desk.db").code {
        0 => Ok(()),
        _ => Err("the desk has no book".into()),
    });

    let (state, output) = run(&story, "converge");
    assert_eq!(state, "done", "{output}");
    let before = story.sh("router", &format!("sha256sum {BIRD}"));
    let (state, output) = run(&story, "drift");
    assert_eq!(state, "done", "{output}");

    story.sh("router", &format!("echo '# just for a moment' >>{BIRD}"));
    let (state, output) = run(&story, "drift");
    // The schedule may have put it back before the drift looked.
    if story.sh("router", &format!("sha256sum {BIRD}")) != before {
        assert_eq!(state, "failed: it ended with status 1");
        assert!(output.contains("-# just for a moment"), "{output}");
    }
    soon(130, || {
        let now = story.sh("router", &format!("sha256sum {BIRD}"));
        if now == before { Ok(()) } else { Err("nobody put it back".into()) }
    });
    soon(60, || {
        let list = format!("{KETUPA} job list --data /root/data --job converge");
        let runs = story.at_desk(&list).out;
        if runs.contains("schedule  done") { Ok(()) } else { Err(runs) }
    });
    server.kill().unwrap();
    server.wait().unwrap();
}
