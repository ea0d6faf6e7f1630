//! A real agent that sends to the story's server, and what it says.

use crate::stage::{Server, shown};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// What a server answers about measurements or lines.
pub(crate) fn asked(server: &Server<'_>, path: &str) -> Value {
    server.get(path, &[&format!("Authorization: Bearer {}", server.stage.token)]).json()["data"]["result"].clone()
}

/// An agent, and what it says.
pub(crate) struct Agent {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Agent {
    /// Starts it with a log to follow, and more lines about where it sends.
    pub(crate) fn start(server: &Server<'_>, log: &Path, more: &str) -> Self {
        let folder = &server.stage.folder;
        std::fs::write(folder.join("token"), &server.stage.token).unwrap();
        let text = format!(
            "listen = \"127.0.0.1:0\"\nbird = \"/nowhere\"\n[labels]\ninstance = \"here\"\n\
             [send]\nurl = \"http://{}\"\ntoken_file = \"{}\"\ndirectory = \"{}\"\ninterval = 1\n{more}\
             [[log]]\nfile = \"{}\"\n",
            server.place,
            shown(&folder.join("token")),
            shown(&folder.join("state")),
            shown(log),
        );
        std::fs::write(folder.join("agent.toml"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ketupa"));
        command.args(["agent", "--config"]).arg(folder.join("agent.toml"));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (said, words) = (Arc::new(Mutex::new(String::new())), child.stderr.take().unwrap());
        let told = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(words).lines().map_while(Result::ok) {
                told.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Self { child, said }
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }
}
