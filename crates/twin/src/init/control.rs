//! How a container is asked for something: words in, an answer out, over a socket.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use serde::{Deserialize, Serialize};

use crate::error::{Doing as _, Result};

/// The socket, as seen inside the container.
pub(crate) const SOCKET: &str = "/run/twin/control";

/// What a container answers: like a command's end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The exit code.
    pub code: u8,
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
}

impl Answer {
    /// Success, with a text.
    pub(crate) fn says(out: impl Into<String>) -> Self {
        Self { out: out.into(), ..Self::default() }
    }

    /// A failure, with a sentence.
    pub(crate) fn fails(code: u8, err: impl Into<String>) -> Self {
        Self { code, err: format!("{}\n", err.into()), ..Self::default() }
    }

    /// One more line for standard output.
    pub(crate) fn print(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// One more line for standard error, and a worse exit code.
    pub(crate) fn complain(&mut self, code: u8, line: &str) {
        self.code = code;
        self.err.push_str(line);
        self.err.push('\n');
    }
}

/// Asks the container behind this socket.
pub(crate) fn ask(socket: &Path, words: &[String]) -> Result<Answer> {
    let doing = || format!("ask the container at {}", socket.display());
    let mut stream = UnixStream::connect(socket).doing(doing)?;
    let question = serde_json::to_vec(words).doing(doing)?;
    stream.write_all(&question).doing(doing)?;
    stream.shutdown(Shutdown::Write).doing(doing)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).doing(doing)?;
    serde_json::from_slice(&answer).doing(doing)
}

/// The container's end of the socket: it answers once [`Door::serve`] is called.
pub(crate) struct Door {
    listener: UnixListener,
}

impl Door {
    /// Opens the socket; questions wait until they are served.
    pub(crate) fn open() -> Result<Self> {
        let doing = || format!("listen on {SOCKET}");
        let _ = fs::remove_file(SOCKET);
        Ok(Self { listener: UnixListener::bind(SOCKET).doing(doing)? })
    }

    /// Answers every question in a thread of its own, for ever.
    pub(crate) fn serve(
        &self,
        answer: impl Fn(Vec<String>) -> Answer + Send + Sync + 'static,
    ) -> ! {
        let answer = Arc::new(answer);
        loop {
            if let Ok((stream, _)) = self.listener.accept() {
                let answer = Arc::clone(&answer);
                thread::spawn(move || reply(stream, |words| answer(words)));
            }
        }
    }
}

fn reply(mut stream: UnixStream, answer: impl Fn(Vec<String>) -> Answer) {
    let mut question = Vec::new();
    if stream.read_to_end(&mut question).is_err() {
        return;
    }
    let answer = match serde_json::from_slice(&question) {
        Ok(words) => answer(words),
        Err(cause) => Answer::fails(1, format!("this is not a question: {cause}")),
    };
    if let Ok(bytes) = serde_json::to_vec(&answer) {
        let _ = stream.write_all(&bytes);
    }
}
