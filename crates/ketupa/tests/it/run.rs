//! Starts the real command in folders of its own, with little memory and little time.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command under test.
pub(crate) const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");

/// Half a gigabyte of addresses besides the program itself, which a debug build maps whole; twenty seconds of
/// a processor, however busy the machine is, and what killed it stays visible in the status.
const BOUNDED: &str =
    r#"ulimit -v 589824; ulimit -t 20; exec timeout --kill-after=1 300 "$0" "$@""#;

/// How a command ended and what it printed.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {}", self.out))
    }

    /// Ended as expected, saying each of these on one of the streams.
    pub(crate) fn ends(self, code: i32, says: &[&str]) -> Self {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.code, code, "{all:.4000}");
        assert!(!all.contains("panicked"), "{all:.4000}");
        for wanted in says {
            assert!(all.contains(wanted), "{wanted:?} is not in:\n{all:.4000}");
        }
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the command with these words.
pub(crate) fn ketupa(words: &[&str]) -> Ran {
    ketupa_in(&std::env::temp_dir(), words)
}

/// Runs the command from a folder.
pub(crate) fn ketupa_in(folder: &Path, words: &[&str]) -> Ran {
    let mut command = bounded(words);
    command.current_dir(folder).output().expect("start the command").into()
}

/// The command with bounds on memory and time, and nothing to read.
pub(crate) fn bounded(words: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", BOUNDED, KETUPA]).args(words).stdin(Stdio::null());
    command
}

/// Runs the command and gives it something to read.
pub(crate) fn fed(words: &[&str], input: &[u8]) -> Ran {
    let mut command = bounded(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start the command");
    // A command that ends early closes its input: that is its answer, not our mistake.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input));
    child.wait_with_output().expect("wait for the command").into()
}

/// A folder that goes when this does.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ketupa-it-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("make a folder");
        Self(path)
    }

    /// A folder with these files.
    pub(crate) fn with(name: &str, files: &[(&str, &[u8])]) -> Self {
        let folder = Self::new(name);
        for (file, bytes) in files {
            folder.write(file, bytes);
        }
        folder
    }

    /// A folder with a copy of an example.
    pub(crate) fn example(name: &str, example: &str) -> Self {
        let folder = Self::new(name);
        let from = testkit::example(example);
        for (file, text) in files(&from) {
            folder.write(&file, text.as_bytes());
        }
        folder
    }

    pub(crate) fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("make a folder");
        fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn text(&self) -> &str {
        self.0.to_str().expect("temporary folders have plain names")
    }

    /// `ketupa VERB FOLDER`.
    pub(crate) fn ketupa(&self, verb: &str) -> Ran {
        ketupa(&[verb, self.text()])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Every file below a folder, by its path in it.
pub(crate) fn files(folder: &Path) -> std::collections::BTreeMap<String, String> {
    let mut all = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|e| panic!("{}: {e}", next.display())) {
            let path = entry.expect("list a folder").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).expect("it is below").display().to_string();
            all.insert(name, fs::read_to_string(&path).expect("read a file"));
        }
    }
    all
}

/// The path of an example.
pub(crate) fn example(name: &str) -> String {
    testkit::example(name).display().to_string()
}
