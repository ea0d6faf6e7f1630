//! The command that puts a program into new namespaces.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What becomes of a container when its starter dies.
#[derive(Clone, Copy)]
pub(crate) enum Life {
    /// It dies with the thread that started it.
    Leashed,
    /// It lives on until somebody ends it.
    Free,
}

/// `program twin-init ARGS...` as the first process of a new container.
pub(crate) fn container<S: AsRef<OsStr>>(life: Life, program: &Path, args: &[S]) -> Command {
    let mut command = isolated(life, &["--net", "--uts", "--ipc", "--cgroup"]);
    command.arg(program).arg("twin-init").args(args);
    command
}

/// A command with mounts and processes of its own, and whatever else `also` names.
pub(crate) fn isolated(life: Life, also: &[&str]) -> Command {
    let mut command = match life {
        Life::Free => Command::new("/usr/bin/unshare"),
        Life::Leashed => {
            let mut leash = Command::new("/usr/bin/setpriv");
            leash.args(["--pdeathsig", "KILL", "/usr/bin/unshare"]);
            leash
        }
    };
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]);
    command.args(also).arg("--").stdin(Stdio::null()).process_group(0);
    command
}
