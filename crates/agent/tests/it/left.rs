//! Files that others left for the agent to read, and what they may be instead.

use agent::tree::Root;
use std::path::Path;
use std::time::Duration;

fn pipe(path: &Path) {
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0)
        .expect("a pipe");
}

#[test]
fn a_pipe_among_the_files_holds_nobody_and_the_others_are_read() {
    let place = std::env::temp_dir().join(format!("agent-left-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a directory");
    std::fs::write(place.join("z.prom"), "backup_done 1\n").expect("a file");
    std::fs::create_dir_all(place.join("y.prom")).expect("a directory");
    pipe(&place.join("x.prom"));
    pipe(&place.join("x.json"));
    let source = agent::Source {
        root: Root::new("/nowhere"),
        textfile: Some(place.clone()),
        smart: Some(place.clone()),
        bird: "/nowhere".into(),
        with: vec![],
    };
    let (tell, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(agent::gather(&source).write()));
    let told = heard.recv_timeout(Duration::from_secs(20));
    drop(std::fs::remove_dir_all(&place));
    let told = told.expect("an answer all the same");
    for line in [
        "backup_done 1",
        "node_textfile_scrape_error 1",
        "node_scrape_collector_success{collector=\"smart\"} 0",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\nis not in\n{told}");
    }
}
