//! Real programs read what is rendered for interfaces, kernel, RTR cache, proxy and web server.
//!
//! The programs come from `KETUPA_ROOT`, where Debian's packages are unpacked, or from the newest
//! image of the twin. Needs root: every program runs in namespaces of its own.
#![expect(clippy::disallowed_methods, reason = "this test starts real daemons' checkers")]

use crate::folder;
use component::{Component, HostTree, Templates};
use model::Named as _;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const NEEDED: &str = "unpack haproxy, caddy, stayrtr and ifupdown with the libraries that haproxy needs \
    (`apt-get download haproxy caddy stayrtr ifupdown liblua5.3-0 libopentracing-c-wrapper0 \
    libopentracing1 && for p in *.deb; do dpkg -x $p /tmp/root; done`) and set KETUPA_ROOT=/tmp/root, \
    or build an image of the twin";

/// Lays the staged files over the unpacked packages over this machine, then runs a command.
const VIEW: &str = r#"
set -eu
stage=$1 root=$2
shift 2
mount -t tmpfs tmpfs "$stage/room"
mkdir "$stage/room/var" "$stage/room/work"
mount -t overlay overlay -o "lowerdir=$stage/files/usr:$root/usr:/usr" /usr
mount -t overlay overlay -o "lowerdir=$stage/files/etc:$root/etc:/etc" /etc
mount -t overlay overlay -o "lowerdir=/var,upperdir=$stage/room/var,workdir=$stage/room/work" /var
mount -t tmpfs tmpfs /run
mkdir -p /run/haproxy /var/lib/haproxy /var/lib/caddy /var/log/caddy
chown caddy /var/lib/caddy /var/log/caddy
ip link set lo up
exec "$@"
"#;

#[test]
fn every_checker_accepts_what_is_rendered() {
    let all: [&dyn Component; 3] = [
        &components::interfaces::Interfaces,
        &components::haproxy::Haproxy,
        &components::caddy::Caddy,
    ];
    let mut ran = 0;
    for component in all {
        for (name, tree) in hosts(component) {
            let stage = Stage::new(&name, &tree);
            for check in &tree.checks {
                let words: Vec<&str> = check.command.iter().map(String::as_str).collect();
                stage.run(&words);
                ran += 1;
            }
        }
    }
    assert!(ran >= 7, "only {ran} checks ran");
}

#[test]
fn interfaces_settle_at_once_and_stay_untouched_afterwards() {
    let script = r"
set -eu
for nic in $(sed -n 's/^auto //p' /etc/network/interfaces); do
    [ $nic = lo ] || ip link add $nic type veth peer name peer-$nic
    [ $nic = lo ] || ip link set peer-$nic up mtu 9000
done
if /usr/local/lib/ketupa/interfaces settled 2>/dev/null; then exit 1; fi
/usr/local/lib/ketupa/interfaces
/usr/local/lib/ketupa/interfaces settled
ip monitor link address route >/run/seen &
monitor=$!
sleep 0.2
[ -e /usr/local/lib/ketupa/vrf ] || /usr/local/lib/ketupa/interfaces
sleep 0.2
kill $monitor
! grep -v fe80:: /run/seen
";
    for (name, tree) in hosts(&components::interfaces::Interfaces) {
        Stage::new(&name, &tree).run(&["sh", "-c", script]);
    }
}

#[test]
fn the_kernel_takes_every_setting() {
    let script = r#"
set -eu
for nic in $(sed -n 's|^-net/ipv4/conf/\(.*\)/rp_filter.*|\1|p' /etc/sysctl.d/60-ketupa.conf); do
    ip link add $nic type veth peer name peer-${nic#*.}
done
/lib/systemd/systemd-sysctl /etc/sysctl.d/60-ketupa.conf
grep '^[-n]' /etc/sysctl.d/60-ketupa.conf | while IFS='= ' read -r key value; do
    key=${key#-}
    case $key in */*) ;; *) key=$(echo "$key" | tr . /) ;; esac
    [ -w "/proc/sys/$key" ] || continue
    [ "$(tr '\t' ' ' <"/proc/sys/$key")" = "$value" ] || { echo "$key is not $value"; exit 1; }
done
"#;
    for (name, tree) in hosts(&components::sysctl::Sysctl) {
        Stage::new(&name, &tree).run(&["sh", "-c", script]);
    }
}

#[test]
fn stayrtr_hands_out_the_declared_origins() {
    let script = r#"
set -eu
stayrtr $(sed -n 's/^STAYRTR_ARGS=//p' /etc/default/stayrtr) 2>/run/log &
for _ in $(seq 50); do [ -n "$(ss -Hltn sport = :8282)" ] && break; sleep 0.1; done
rtrdump -connect 127.0.0.1:8282 -type plain -file /run/got 2>>/run/log || { cat /run/log; exit 1; }
kill $!
[ $(grep -o '"asn"' /run/got | wc -l) = $(grep -c '"asn"' /etc/stayrtr/vrps.json || true) ]
"#;
    for (name, tree) in hosts(&components::stayrtr::Stayrtr) {
        Stage::new(&name, &tree).run(&["sh", "-c", script]);
    }
}

#[test]
fn proxy_and_web_server_serve_by_name_and_keep_strangers_out() {
    let proxy = hosts(&components::haproxy::Haproxy);
    let web = hosts(&components::caddy::Caddy);
    let mut both = proxy["haproxy-names-and-members-over-tls-lb-01"].clone();
    both.merge(web["caddy-files-and-php-on-one-host-web"].clone()).expect("they share no file");
    Stage::new("serve", &both).run(&["sh", "-c", include_str!("serve.sh")]);
}

/// Everything that a component renders for the hosts of its cases, by `component/case/host`.
fn hosts(component: &dyn Component) -> BTreeMap<String, HostTree> {
    let builtin = component.templates().iter().copied();
    let templates = Templates::new(builtin, &BTreeMap::new()).expect("built-in templates parse");
    let mut all = BTreeMap::new();
    for case in testkit::cases::folders(&folder(component.card().name).join("cases")) {
        let isp = testkit::isp(&case);
        for (id, host) in isp.hosts.iter().filter(|(id, _)| component.runs_on(&isp, *id)) {
            let tree = component.render(&isp, id, &templates).expect("a case renders");
            let case = case.file_name().unwrap_or_default().to_string_lossy();
            all.insert(format!("{}-{case}-{}", component.card().name, host.name()), tree);
        }
    }
    all
}

/// The files of one host in a folder of their own, which goes when this does.
struct Stage {
    folder: PathBuf,
    name: String,
}

impl Stage {
    fn new(name: &str, tree: &HostTree) -> Self {
        let own = format!("ketupa-{}-{:?}-{name}", std::process::id(), std::thread::current().id());
        let stage = Self { folder: std::env::temp_dir().join(own), name: name.to_owned() };
        for part in ["files/usr", "files/etc", "room"] {
            fs::create_dir_all(stage.folder.join(part)).expect("make a folder");
        }
        for (path, file) in &tree.files {
            let at = stage.folder.join("files").join(path.trim_start_matches('/'));
            fs::create_dir_all(at.parent().expect("a file is in a folder")).expect("make a folder");
            fs::write(&at, with_secrets(&file.text)).expect("write a staged file");
            fs::set_permissions(&at, fs::Permissions::from_mode(file.mode)).expect("set a mode");
        }
        stage.users();
        stage
    }

    /// Unpacked packages have made no users yet.
    fn users(&self) {
        for (file, suffix) in
            [("passwd", "x:64000:64000::/:/usr/sbin/nologin"), ("group", "x:64000:")]
        {
            let known = fs::read_to_string(root().join("etc").join(file))
                .or_else(|_| fs::read_to_string(Path::new("/etc").join(file)));
            let mut text = known.expect("read the users of this machine");
            for name in ["haproxy", "caddy"] {
                if !text.lines().any(|line| line.starts_with(&format!("{name}:"))) {
                    text.extend([name, ":", suffix, "\n"]);
                }
            }
            fs::write(self.folder.join("files/etc").join(file), text).expect("write users");
        }
    }

    /// Runs a command in namespaces of its own; it must succeed.
    fn run(&self, command: &[&str]) {
        let mut view = Command::new("unshare");
        view.args([
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            VIEW,
            "view",
        ]);
        let output =
            view.arg(&self.folder).arg(root()).args(command).output().expect("run unshare");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{}: {}: {said}", self.name, command.join(" "));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The text with a key and a certificate in place of every secret.
fn with_secrets(text: &str) -> String {
    let references = component::tree::secret_references(text);
    let marks = references.iter().map(|reference| component::tree::secret_mark(reference));
    marks.fold(text.to_owned(), |text, mark| text.replace(&mark, &certificate()))
}

/// A key and a certificate for tests, made anew.
fn certificate() -> String {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=test -keyout - -out -";
    let output = Command::new("openssl").args(words.split_whitespace()).output();
    let output = output.expect("run openssl, which makes a certificate for the test");
    String::from_utf8(output.stdout).expect("a PEM is text")
}

/// Where the packages are unpacked: `KETUPA_ROOT`, or the newest image of the twin.
fn root() -> PathBuf {
    let images = fs::read_dir("/var/cache/ketupa/images").into_iter().flatten().flatten();
    // One that is still being built has an extension.
    let complete = images.map(|image| image.path()).filter(|path| path.extension().is_none());
    let newest =
        complete.max_by_key(|path| fs::metadata(path).and_then(|about| about.modified()).ok());
    let root = std::env::var("KETUPA_ROOT").map(PathBuf::from).ok();
    let root = root.or(newest).expect(NEEDED);
    for program in ["usr/sbin/haproxy", "usr/bin/caddy", "usr/bin/stayrtr"] {
        assert!(root.join(program).is_file(), "{} has no {program}: {NEEDED}", root.display());
    }
    root
}
