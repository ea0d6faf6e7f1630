//! A client that shows what a server sent, byte by byte.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// What a header says.
    pub(crate) fn header(&self, name: &str) -> &str {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

/// Sends a request and reads until the server has no more to say.
pub(crate) fn ask(place: &str, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    send(place, method, path, headers, body.as_bytes())
}

/// The same with a body of bytes. A server that has heard enough may answer before all of it is sent.
pub(crate) fn send(place: &str, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(place).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {place}\r\n");
    let length = format!("Content-Length: {}", body.len());
    for line in headers.iter().copied().chain([length.as_str(), ""]) {
        head.extend([line, "\r\n"]);
    }
    stream.write_all(head.as_bytes()).expect("it hears");
    let heard = stream.write_all(body);
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: heard {heard:?}, read {read:?}"));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    Answer { status: status.expect("a status"), head: head.into(), body: body.into() }
}
