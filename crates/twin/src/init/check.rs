//! A container for one command: writes the files, runs it, ends with its exit code.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use serde::{Deserialize, Serialize};

use crate::error::{Doing as _, Error, Result};
use crate::init::children::Exit;
use crate::init::{boot, expect};
use crate::root::{self, Programs, Root, folder};

/// The search path of every command in a container.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What to check, as it comes on standard input.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) command: Vec<String>,
}

pub(super) fn main(words: &[String]) -> Result<ExitCode> {
    let [image, at] = expect::<2>(words)?;
    let task = read()?;
    let root = Root {
        name: "check",
        image: Path::new(image),
        at: Path::new(at),
        disk: None,
        program: &std::env::current_exe().doing(|| "find the program".to_owned())?,
        programs: Programs::Layered,
    };
    root::enter(&root.build()?)?;
    for (path, bytes) in &task.files {
        write(Path::new(path), bytes)?;
    }
    run(&task.command)
}

fn read() -> Result<Task> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).doing(|| "read what to check".to_owned())?;
    serde_json::from_slice(&bytes).doing(|| "understand what to check".to_owned())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(above) = path.parent() {
        folder(above)?;
    }
    fs::write(path, bytes).doing(|| format!("write {}", path.display()))
}

fn run(command: &[String]) -> Result<ExitCode> {
    let [program, arguments @ ..] = command else {
        return Err(Error::new("there is no command to check with"));
    };
    let children = boot::start()?;
    boot::network(&children)?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH).env("LC_ALL", "C.UTF-8");
    let exit = children.run(command.stdin(Stdio::null())).doing(|| format!("run {program}"))?;
    Ok(match exit {
        Exit::Code(code) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        Exit::Signal(signal) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
        Exit::Unseen => ExitCode::FAILURE,
    })
}
