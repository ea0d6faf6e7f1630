//! HTTP to servers on this machine, as plain as it can be.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A server that does not answer for so long ends the benchmark.
const PATIENCE: Duration = Duration::from_secs(120);

fn connect(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// One request with a connection of its own; the code and the body of the answer. Headers end with CRLF each.
pub(super) fn http(
    port: u16,
    request: &str,
    headers: &str,
    body: &[u8],
) -> Result<(u16, String), String> {
    let asked = (|| -> std::io::Result<Vec<u8>> {
        let mut stream = connect(port)?;
        let length = body.len();
        let head = format!(
            "{request} HTTP/1.0\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    })();
    let answer = asked.map_err(|error| format!("{request}: {error}"))?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    Ok((code(head), body.to_owned()))
}

fn code(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default()
}

/// Sends one body after the other over one connection, as senders do.
pub(super) struct Sender {
    stream: BufReader<TcpStream>,
    /// The first line and the headers of each request but its length.
    head: String,
}

impl Sender {
    pub(super) fn new(port: u16, path: &str, headers: &str) -> Result<Self, String> {
        let stream = connect(port).map_err(|error| format!("port {port}: {error}"))?;
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: ");
        Ok(Self { stream: BufReader::new(stream), head })
    }

    /// Sends a body, which the server must take without a word.
    pub(super) fn send(&mut self, body: &[u8]) -> Result<(), String> {
        let Self { stream, head } = self;
        let sent = (|| -> std::io::Result<(u16, String)> {
            let head = format!("{head}{}\r\n\r\n", body.len());
            stream.get_mut().write_all(head.as_bytes())?;
            stream.get_mut().write_all(body)?;
            let mut answer = String::new();
            while !answer.ends_with("\r\n\r\n") && stream.read_line(&mut answer)? > 0 {}
            let code = code(&answer);
            if code != 204 {
                stream.get_mut().set_read_timeout(Some(Duration::from_millis(200)))?;
                // What the refusal says, as far as it comes.
                let _ = stream.read_to_string(&mut answer);
            }
            Ok((code, answer))
        })();
        match sent {
            Ok((204, _)) => Ok(()),
            Ok((_, answer)) => Err(format!("a body was not taken: {answer:.600}")),
            Err(error) => Err(format!("a body could not be sent: {error}")),
        }
    }
}

/// A word with every letter as an address has it.
pub(super) fn escaped(word: &str) -> String {
    let letters: Vec<String> = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
    letters.concat()
}
