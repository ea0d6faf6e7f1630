//! A small forge: a real HTTP server that keeps what it is told, and refuses who has no token.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The token that it takes.
pub(crate) const TOKEN: &str = "a-token-that-nobody-prints";

/// One request: `POST /api/v4/…`, and its body.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) body: Value,
}

/// What the server knows.
#[derive(Default)]
struct Books {
    asked: Vec<Asked>,
    changes: Value,
}

/// The server, for as long as the test.
pub(crate) struct Forge {
    pub(crate) url: String,
    books: Arc<Mutex<Books>>,
}

impl Forge {
    pub(crate) fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let books = Arc::new(Mutex::new(Books::default()));
        let shared = Arc::clone(&books);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                drop(serve(stream, &shared));
            }
        });
        Self { url, books }
    }

    /// The changes that wait, in the forge's own form.
    pub(crate) fn waits(&self, changes: Value) {
        self.books.lock().expect("nobody panicked").changes = changes;
    }

    /// What was written since the last time, without what was only read.
    pub(crate) fn written(&self) -> Vec<Asked> {
        let asked = std::mem::take(&mut self.books.lock().expect("nobody panicked").asked);
        asked.into_iter().filter(|asked| !asked.what.starts_with("GET")).collect()
    }
}

fn serve(stream: TcpStream, books: &Mutex<Books>) -> std::io::Result<()> {
    let mut from = BufReader::new(stream.try_clone()?);
    let (mut first, mut length, mut known) = (String::new(), 0, false);
    from.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or(0),
            "private-token" => known = value == TOKEN,
            "authorization" => known = value == format!("token {TOKEN}"),
            _ => (),
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    let what = first.rsplit_once(' ').map_or("", |(what, _)| what).to_owned();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let unknown = || (401, json!({ "message": "401 Unauthorized" }));
    let (code, answer) = if known { answer(&what, books) } else { unknown() };
    books.lock().expect("nobody panicked").asked.push(Asked { what, body });
    let text = answer.to_string();
    let (length, mut to) = (text.len(), stream);
    write!(to, "HTTP/1.1 {code} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{text}")
}

fn answer(what: &str, books: &Mutex<Books>) -> (u16, Value) {
    match what.split_once(' ') {
        Some(("GET", path)) if path.contains("page=1") => {
            (200, books.lock().expect("nobody panicked").changes.clone())
        }
        Some(("GET", _)) => (200, json!([])),
        Some(("POST", path)) if path.contains("/statuses/") => (201, json!({ "id": 1 })),
        Some(("POST", _)) => (201, json!({ "id": 77 })),
        Some(_) | None => (200, json!({ "id": 77 })),
    }
}
