//! The dead man's timer as a host has it: kept by systemd, the first process of a machine of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use host::frame;
use host::wire::{
    Answer, Boot, Confirmed, End, FileOrder, Guard, Observe, Orders, Request, Seen, Verb,
};

use crate::lab::{command, file, orders, unit};

const EXECUTOR: &str = "/var/cache/ketupa/executor/this";
const CONFIG: &str = "/etc/carrier.conf";
/// A daemon that runs on the old file and on the new one, and on no other.
const CARRIER: &str = "[Service]
ExecStart=/bin/sh -c 'grep -qE \"old|new\" /etc/carrier.conf && exec sleep infinity'
Restart=always
RestartSec=50ms
";
/// How soon after another systemd lets it be started again: here it is changed more often than hosts are.
const OFTEN: &str = "[Unit]\nStartLimitIntervalSec=0\n";

/// A machine with systemd; it ends with this.
struct Machine {
    base: PathBuf,
    unshare: Child,
    first: String,
}

impl Machine {
    fn boot() -> Self {
        let base = std::env::temp_dir().join(format!("ketupa-systemd-{}", std::process::id()));
        fs::create_dir_all(&base).unwrap();
        let mut machine = Self { unshare: Self::start_it(&base), base, first: String::new() };
        machine.is_up();
        machine.put(EXECUTOR, &fs::read(env!("CARGO_BIN_EXE_ketupa-host")).unwrap());
        machine.put("/etc/systemd/system/carrier.service", CARRIER.as_bytes());
        machine.put(CONFIG, b"old");
        machine.says("systemctl daemon-reload && systemctl start carrier");
        machine
    }

    fn start_it(base: &Path) -> Child {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/real_systemd.sh");
        Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", script])
            .arg(base)
            .stdin(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn is_up(&mut self) {
        soon(60, "systemd is up", || {
            let pid = self.unshare.id();
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            children.unwrap_or_default().trim().clone_into(&mut self.first);
            !self.first.is_empty()
                && matches!(
                    self.says("systemctl is-system-running").as_str(),
                    "running" | "degraded"
                )
        });
    }

    /// The power fails, and comes back.
    fn power_cycle(&mut self) {
        self.ends();
        self.unshare = Self::start_it(&self.base);
        self.is_up();
    }

    /// Ends every process of it.
    fn ends(&mut self) {
        // The first process goes with it, and every other with that one.
        drop(self.unshare.kill().and_then(|()| self.unshare.wait()));
        let script = "mount -t cgroup2 groups $0; for t in 1 2 3 4 5; do \
                      find $0/$1 -depth -type d -exec rmdir {} + 2>/dev/null; \
                      [ -e $0/$1 ] || break; sleep 0.1; done";
        let name = self.base.file_name().unwrap();
        let mut swept = Command::new("unshare");
        swept.args(["--mount", "--propagation", "private", "sh", "-c", script]);
        drop(swept.arg(self.base.join("groups")).arg(name).status());
    }

    fn inside(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--all", "--target", &self.first, "env", "-i", "PATH=/usr/sbin:/usr/bin"]);
        command.args(words).stdin(Stdio::null());
        command
    }

    fn says(&self, script: &str) -> String {
        let output = self.inside(&["sh", "-c", script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn put(&self, path: &str, content: &[u8]) {
        let script = "mkdir -p $(dirname $0) && cat >$0 && chmod 755 $0";
        let mut writer = self.inside(&["sh", "-c", script, path]);
        let mut writer = writer.stdin(Stdio::piped()).spawn().unwrap();
        writer.stdin.take().unwrap().write_all(content).unwrap();
        assert!(writer.wait().unwrap().success());
    }

    /// Starts the executor as a login does that takes all of its processes with it when it ends.
    fn start(&self, login: &str, request: &Request) -> Child {
        let name = format!("--unit={login}");
        let login = ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", &name];
        let mut executor = self.inside(&[&login[..], &[EXECUTOR, "/"]].concat());
        let mut child = executor.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        frame::send(&mut child.stdin.take().unwrap(), request).unwrap();
        child
    }

    fn ask(&self, request: &Request) -> Answer {
        let output = self.start("login", request).wait_with_output().unwrap();
        frame::receive(&mut output.stdout.as_slice()).unwrap().unwrap()
    }

    fn seen(&self, files: BTreeMap<String, String>) -> Seen {
        let answer = self.ask(&Request::Observe(Observe { files, ..Observe::default() }));
        let Answer::Observed(seen) = answer else { panic!("{answer:?}") };
        seen
    }

    /// A change of the file that the carrier reads.
    fn change(&self, id: &str, text: &str, probe: &[&str]) -> Request {
        let mut seen = self.seen(BTreeMap::from([(CONFIG.to_owned(), String::new())]));
        let was = seen.files.remove(CONFIG).unwrap();
        let mut orders =
            orders(vec![FileOrder { path: CONFIG.into(), was, then: file(text, 0o644) }]);
        orders.units = vec![unit("carrier.service", Verb::Restart, Boot::Leave)];
        orders.probes = vec![command("probe", probe)];
        Request::Apply(Orders { guard: Some(Guard { id: id.into(), within_s: 6 }), ..orders })
    }

    /// The same with all the time in the world.
    fn patient(&self, id: &str) -> Request {
        let Request::Apply(orders) = self.change(id, "new", &["true"]) else { panic!() };
        Request::Apply(Orders { guard: Some(Guard { id: id.into(), within_s: 3600 }), ..orders })
    }

    fn begin(&self, id: &str) {
        let answer = self.ask(&self.change(id, "new", &["true"]));
        let Answer::Applied(outcome) = answer else { panic!("{answer:?}") };
        assert_eq!(outcome.end, End::Awaiting);
        assert_eq!(self.config(), "new");
        let timers = self.timers();
        assert!(timers.contains(&format!("ketupa-undo-{id}.timer")), "{timers:?}");
        // systemd keeps the time: no process of the executor's own does.
        assert_eq!(self.says("pgrep --exact this"), "");
    }

    fn config(&self) -> String {
        self.says(&format!("cat {CONFIG}"))
    }

    /// What systemd still knows of timers and what they start.
    fn timers(&self) -> String {
        self.says("systemctl list-units --all --plain --no-legend 'ketupa-undo-*'")
    }

    fn carrier(&self) -> String {
        self.says("systemctl show --property MainPID --value carrier")
    }

    fn is_undone(&self) {
        soon(60, "it is undone", || self.config() == "old");
        soon(5, "nothing is left of the timer", || self.timers().is_empty());
        assert!(self.seen(BTreeMap::new()).undone.unwrap().contains("by itself"));
        assert!(matches!(self.ask(&Request::Recover), Answer::Recovered(Ok(Some(_)))));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.ends();
        drop(fs::remove_dir_all(&self.base));
        drop(fs::remove_dir_all(self.base.with_extension("disk")));
    }
}

#[track_caller]
fn soon(seconds: u64, what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(seconds), "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn systemd_undoes_what_nobody_confirms_and_nothing_else() {
    let machine = Machine::boot();
    machine.put("/etc/systemd/system/carrier.service.d/often.conf", OFTEN.as_bytes());
    machine.says("systemctl daemon-reload");
    let before = machine.carrier();

    machine.begin("unconfirmed");
    // Whoever makes systemd read its files again, or takes a new one, takes no timer away.
    let changed = machine.carrier();
    assert_ne!(changed, before);
    machine.says("systemctl daemon-reload; systemctl daemon-reexec");
    machine.is_undone();
    assert_ne!(machine.carrier(), changed);

    // An executor that is killed on its way leaves the rest to the timer.
    let orders = machine.change("killed", "new", &["sleep", "30"]);
    let mut executor = machine.start("killed", &orders);
    soon(10, "the change is live", || machine.config() == "new");
    machine.says("systemctl kill --signal=KILL killed.service");
    executor.wait().unwrap();
    assert_eq!(machine.config(), "new");
    machine.is_undone();

    // What undoes may be killed, too: systemd starts it again.
    machine.begin("stubborn");
    machine.says("systemd-run --unit=holder flock /var/lib/ketupa/lock sleep infinity");
    let service = "systemctl show --property MainPID --value ketupa-undo-stubborn.service";
    soon(60, "the timer has run out", || machine.says(service) != "0");
    machine
        .says("systemctl kill --signal=KILL ketupa-undo-stubborn.service; systemctl stop holder");
    assert_eq!(machine.config(), "new");
    machine.is_undone();

    machine.begin("confirmed");
    let confirm = Request::Confirm { id: "confirmed".into() };
    assert_eq!(machine.ask(&confirm), Answer::Confirmed(Confirmed::Stands));
    assert_eq!(machine.timers(), "", "nothing is left that could undo it");
    assert_eq!(machine.config(), "new");
}

#[test]
fn a_daemon_that_crashed_too_often_on_new_files_runs_again_on_the_old_ones() {
    let machine = Machine::boot();
    let probe = ["sh", "-c", "sleep 1; exec systemctl is-active carrier"];
    let answer = machine.ask(&machine.change("broken", "broken", &probe));
    let Answer::Applied(outcome) = answer else { panic!("{answer:?}") };
    let End::RolledBack { why, troubles } = outcome.end else { panic!("{outcome:?}") };
    assert_eq!(troubles, Vec::<String>::new(), "{why}");
    assert_eq!(machine.config(), "old");
    assert_eq!(machine.says("systemctl is-active carrier"), "active");
    soon(5, "nothing is left of the timer", || machine.timers().is_empty());
}

/// The unit that undoes at boot, and what starts it then.
const AT_BOOT: &str = "find /etc/systemd/system -name 'ketupa-boot-undo-*'";

#[test]
fn a_machine_that_goes_down_before_the_confirmation_undoes_the_change_at_its_next_boot() {
    let mut machine = Machine::boot();
    let request = machine.patient("night");
    let Answer::Applied(outcome) = machine.ask(&request) else { panic!() };
    assert_eq!(outcome.end, End::Awaiting);
    assert_eq!(machine.says(AT_BOOT).lines().count(), 2);
    machine.power_cycle();
    soon(30, "it is undone", || machine.config() == "old");
    soon(10, "nothing is left of it", || machine.says(AT_BOOT).is_empty());
    soon(10, "the carrier runs", || machine.says("systemctl is-active carrier") == "active");
    assert!(machine.seen(BTreeMap::new()).undone.unwrap().contains("by itself"));
    assert!(matches!(machine.ask(&Request::Recover), Answer::Recovered(Ok(Some(_)))));

    // What is confirmed stands, whatever goes down.
    let request = machine.patient("day");
    assert!(matches!(machine.ask(&request), Answer::Applied(_)));
    let confirm = Request::Confirm { id: "day".into() };
    assert_eq!(machine.ask(&confirm), Answer::Confirmed(Confirmed::Stands));
    assert_eq!(machine.says(AT_BOOT), "");
    machine.power_cycle();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(machine.config(), "new");
}
