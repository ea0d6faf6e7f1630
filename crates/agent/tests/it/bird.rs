//! BIRD as the agent asks it: one that is played, and a real one.

use agent::tree::Root;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn place(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("agent-bird-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).expect("a directory");
    path
}

fn told(socket: &Path) -> String {
    let root = Root::new("/nowhere");
    agent::gather(&agent::Source {
        root,
        textfile: None,
        smart: None,
        bird: socket.to_owned(),
        with: vec![],
    })
    .write()
}

#[test]
fn asks_to_be_restricted_before_anything_else() {
    let place = place("played");
    let socket = place.join("bird.ctl");
    let listener = UnixListener::bind(&socket).expect("a socket");
    let played = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the agent");
        stream.write_all(b"0001 BIRD 2.0.12 ready.\n").expect("it listens");
        let mut asked = Vec::new();
        for line in BufReader::new(stream.try_clone().expect("a copy")).lines() {
            asked.push(line.expect("a line"));
            let answer: &[u8] = if asked.len() == 1 {
                b"0016 Access restricted\n"
            } else {
                b"2002-Name\n1002-s4 Static master4 up 04:51:03.031\n1006-  Channel ipv4\n0000 \n"
            };
            stream.write_all(answer).expect("it listens");
        }
        asked
    });
    let told = told(&socket);
    assert_eq!(played.join().expect("no panic"), ["restrict", "show protocols all"]);
    assert!(told.contains("node_scrape_collector_success{collector=\"bird\"} 1\n"), "{told}");
    assert!(told.contains("name=\"s4\",proto=\"Static\",state=\"\"} 1\n"), "{told}");
    drop(std::fs::remove_dir_all(&place));
}

#[test]
fn a_bird_that_takes_no_more_callers_does_not_hold_the_agent() {
    let place = place("hung");
    let socket = place.join("bird.ctl");
    let address = SocketAddrUnix::new(&socket).expect("a path");
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let new = || socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).expect("one");
    let listener = new();
    bind(&listener, &address).expect("a name");
    listen(&listener, 0).expect("it listens");
    // Callers whom nobody takes, until there is no room for one more.
    let mut waiting = Vec::new();
    loop {
        let caller = new();
        if connect(&caller, &address).is_err() {
            break;
        }
        waiting.push(caller);
    }
    let (tell, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(told(&socket)));
    let told = heard.recv_timeout(Duration::from_secs(20)).expect("an answer all the same");
    assert!(told.contains("node_scrape_collector_success{collector=\"bird\"} 0\n"), "{told}");
    drop(std::fs::remove_dir_all(&place));
}

/// Needs a BIRD: installed, or in an image of the twin.
#[test]
fn real_bird_tells_its_static_routes() {
    let place = place("real");
    let (socket, file) = (place.join("bird.ctl"), place.join("bird.conf"));
    let text = "router id 10.0.0.1;\nprotocol device {}\nprotocol static kept { ipv6; route 2001:db8::/32 blackhole; }\n";
    std::fs::write(&file, text).expect("a file");
    let mut bird = command()
        .args(["-f", "-c"])
        .arg(&file)
        .arg("-s")
        .arg(&socket)
        .arg("-P")
        .arg(place.join("pid"))
        .stderr(Stdio::null())
        .spawn()
        .expect("BIRD starts");
    let begin = Instant::now();
    let mut said = String::new();
    while !said.contains("bird_protocol_prefix_import_count")
        && begin.elapsed() < Duration::from_secs(20)
    {
        std::thread::sleep(Duration::from_millis(50));
        said = told(&socket);
    }
    drop(bird.kill());
    drop(bird.wait());
    drop(std::fs::remove_dir_all(&place));
    let labels = "{export_filter=\"REJECT\",import_filter=\"ACCEPT\",ip_version=\"6\",name=\"kept\",proto=\"Static\"}";
    assert!(said.contains(&format!("bird_protocol_prefix_import_count{labels} 1\n")), "{said}");
    assert!(said.contains(&format!("bird_protocol_uptime{labels} ")), "{said}");
}

/// BIRD, with the libraries of its image if it is in one.
fn command() -> Command {
    let installed = Path::new("/usr/sbin/bird");
    if installed.is_file() {
        return Command::new(installed);
    }
    let images = std::fs::read_dir("/var/cache/ketupa/images").into_iter().flatten().flatten();
    let root = images
        .map(|image| image.path())
        .find(|root| root.join("usr/sbin/bird").is_file())
        .expect("no BIRD: install bird2, or build an image with `ketupa twin image`");
    let mut command = Command::new(root.join("usr/sbin/bird"));
    command.env("LD_LIBRARY_PATH", root.join("usr/lib/x86_64-linux-gnu"));
    command
}
