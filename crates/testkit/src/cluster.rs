//! A real PostgreSQL of its own, on a socket in a temporary folder.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A cluster that runs until this is dropped.
pub struct Cluster {
    folder: PathBuf,
    /// The port of `localhost` where it answers with TLS, if it does.
    port: Option<u16>,
}

impl Cluster {
    /// Makes one and starts it. PostgreSQL refuses to run as root: it runs as `postgres` then.
    pub fn start(name: &str) -> Self {
        let cluster = Self::made(name, None);
        cluster.begin();
        cluster
    }

    /// One that answers on a port too, with a certificate for `localhost` and for no other name.
    pub fn start_with_tls(name: &str) -> Self {
        // Asked for and given back: nobody else asks for it in between.
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = free.unwrap_or_else(|e| panic!("a port: {e}")).port();
        let cluster = Self::made(name, Some(port));
        let openssl = Path::new("/usr/bin/openssl");
        let new = "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=it";
        let sign =
            "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile own.ext";
        std::fs::write(cluster.folder.join("own.ext"), "subjectAltName=DNS:localhost\n")
            .unwrap_or_else(|e| panic!("own.ext: {e}"));
        for words in [
            format!("{new} -x509 -days 2 -keyout ca.key -out ca.pem"),
            format!("{new} -keyout own.key -out own.csr"),
            format!("{sign} -days 2 -out own.pem"),
        ] {
            cluster.run_program(openssl, &words.split(' ').collect::<Vec<_>>());
        }
        cluster.begin();
        cluster
    }

    /// The certificate of the authority that signed its own.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Where it answers with TLS.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_else(|| panic!("this one has no port"))
    }

    fn made(name: &str, port: Option<u16>) -> Self {
        let folder =
            std::env::temp_dir().join(format!("ketupa-desk-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let open = std::fs::Permissions::from_mode(0o777);
        std::fs::set_permissions(&folder, open)
            .unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let cluster = Self { folder, port };
        let data = cluster.folder.join("data");
        cluster.run("initdb", &["-A", "trust", "-U", "ketupa", "--no-sync", "-D", &shown(&data)]);
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
        let folder = shown(&self.folder);
        let listen = self.port.map_or_else(
            || "listen_addresses=".to_owned(),
            |port| {
                format!(
                    "listen_addresses=127.0.0.1 -c port={port} -c ssl=on \
                     -c ssl_cert_file={folder}/own.pem -c ssl_key_file={folder}/own.key"
                )
            },
        );
        let options = format!("-c {listen} -c fsync=off -k {folder}");
        let log = shown(&self.folder.join("log"));
        self.run("pg_ctl", &["-D", &data, "-o", &options, "-l", &log, "-w", "start"]);
    }

    /// Where it answers.
    pub fn address(&self) -> String {
        let port = self.port.map(|port| format!(" port={port}")).unwrap_or_default();
        format!("host={} user=ketupa dbname=postgres{port}", shown(&self.folder))
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        self.run_program(&installed(program), arguments);
    }

    fn run_program(&self, program: &Path, arguments: &[&str]) {
        let output = self
            .command(program)
            .args(arguments)
            .output()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", program.display());
    }

    /// A program as it runs beside the database: as the user of the database.
    fn command(&self, program: &Path) -> Command {
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
        drop(
            self.command(&installed("pg_ctl"))
                .args(["-D", &data, "-m", "immediate", "stop"])
                .output(),
        );
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
