//! A real PostgreSQL of its own, on a socket in a temporary folder.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A cluster that runs until this is dropped.
pub struct Cluster {
    folder: PathBuf,
}

impl Cluster {
    /// Makes one and starts it. PostgreSQL refuses to run as root: it runs as `postgres` then.
    pub fn start(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("ketupa-desk-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&folder, open)
            .unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let cluster = Self { folder };
        let data = cluster.folder.join("data");
        cluster.run("initdb", &["-A", "trust", "-U", "ketupa", "--no-sync", "-D", &shown(&data)]);
        cluster.begin();
        cluster
    }

    /// Stops it at once and starts it again, as a failover does to whoever is connected.
    pub fn restart(&self) {
        let data = shown(&self.folder.join("data"));
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
        std::thread::sleep(std::time::Duration::from_secs(1));
        self.begin();
    }

    fn begin(&self) {
        let data = shown(&self.folder.join("data"));
        let options = format!("-c listen_addresses= -c fsync=off -k {}", shown(&self.folder));
        let log = shown(&self.folder.join("log"));
        self.run("pg_ctl", &["-D", &data, "-o", &options, "-l", &log, "-w", "start"]);
    }

    /// Where it answers.
    pub fn address(&self) -> String {
        format!("host={} user=ketupa dbname=postgres", shown(&self.folder))
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let output = self
            .command(program)
            .args(arguments)
            .output()
            .unwrap_or_else(|e| panic!("{program}: {e}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program}: {said}");
    }

    fn command(&self, program: &str) -> Command {
        let program = installed(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(&self.folder).stdout(std::process::Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = shown(&self.folder.join("data"));
        drop(self.command("pg_ctl").args(["-D", &data, "-m", "immediate", "stop"]).output());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// Whether these tests run as root.
fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Debian keeps the programs of each version apart.
fn installed(program: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|entry| entry.path().join("bin").join(program))
        .filter(|p| p.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| panic!("apt-get install postgresql"))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
