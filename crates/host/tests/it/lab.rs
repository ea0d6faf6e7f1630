//! A machine in a temporary directory.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use host::Place;
use host::wire::{
    Answer, Boot, Command, Content, Entry, FileOrder, NewFile, Observe, Orders, Outcome, OwnedFile,
    Request, Seen, Then, UnitOrder, Verb,
};

/// A root directory, and a directory of programs outside it.
pub(crate) struct Lab {
    base: PathBuf,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Lab {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ketupa-host-{}-{number}", std::process::id());
        let lab = Self { base: std::env::temp_dir().join(name) };
        fs::create_dir_all(lab.root().join("var/lib")).unwrap();
        fs::create_dir_all(lab.programs()).unwrap();
        lab.program("systemctl", include_str!("systemctl.sh"));
        lab
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.base.join("root")
    }

    pub(crate) fn programs(&self) -> PathBuf {
        self.base.join("programs")
    }

    pub(crate) fn place(&self) -> Place {
        Place::below(self.root()).with_programs(&self.programs())
    }

    /// The real path of a path on the machine.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root().join(path.trim_start_matches('/'))
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        let at = self.at(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, text).unwrap();
    }

    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub(crate) fn program(&self, name: &str, text: &str) -> String {
        let (draft, path) = (self.base.join(name), self.programs().join(name));
        fs::write(&draft, text).unwrap();
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
        // By another process: a child that another test starts meanwhile would keep a file that we
        // write open, and busy.
        assert!(Program::new("cp").args([&draft, &path]).status().unwrap().success());
        path.to_string_lossy().into_owned()
    }

    /// The files in which Debian's own tools keep users and groups: root's alone, and one of `staff`.
    pub(crate) fn accounts(&self) {
        self.put(
            "/etc/passwd",
            "root:x:0:0:root:/root:/bin/bash\n\
             old:x:2000:2000:Old Hand:/home/old:/bin/bash\n",
        );
        self.put("/etc/shadow", "root:*:19000:0:99999:7:::\nold:!:19000:0:99999:7:::\n");
        self.put("/etc/group", "root:x:0:\nsudo:x:27:old\nstaff:x:50:\nold:x:2000:\n");
        self.put("/etc/gshadow", "root:*::\nsudo:*::old\nstaff:*::\nold:!::\n");
        self.put(
            "/etc/login.defs",
            "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\n\
             SYS_UID_MIN 100\nSYS_GID_MIN 100\nUSERGROUPS_ENAB yes\nHOME_MODE 0700\n",
        );
        self.put("/etc/skel/.profile", "umask 022\n");
        self.put("/var/mail/none", "");
        fs::create_dir_all(self.at("/home/old")).unwrap();
    }

    /// A unit as it is before the change.
    pub(crate) fn unit(&self, name: &str, active: &str, enabled: &str) {
        fs::write(self.programs().join(format!("{name}.active")), format!("{active}\n")).unwrap();
        fs::write(self.programs().join(format!("{name}.enabled")), format!("{enabled}\n")).unwrap();
    }

    /// The calls of systemctl that changed something.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.programs().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    pub(crate) fn observe(&self, asked: Observe) -> Seen {
        let answer = host::answer(&self.place(), &Request::Observe(asked));
        let Answer::Observed(seen) = answer else { panic!("{answer:?}") };
        seen
    }

    pub(crate) fn look(&self, path: &str) -> Entry {
        let files = BTreeMap::from([(path.to_owned(), String::new())]);
        self.observe(Observe { files, ..Observe::default() }).files.remove(path).unwrap()
    }

    pub(crate) fn apply(&self, orders: &Orders) -> Outcome {
        let answer = host::answer(&self.place(), &Request::Apply(orders.clone()));
        let Answer::Applied(outcome) = answer else { panic!("{answer:?}") };
        outcome
    }

    /// An order that fits what stands there now.
    pub(crate) fn order(&self, path: &str, then: Then) -> FileOrder {
        FileOrder { path: path.into(), was: self.look(path), then }
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> FileOrder {
        self.order(path, file(text, 0o644))
    }

    /// Everything below the root but the executor's own books.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        walk(&self.root(), &self.root(), &mut found);
        found
    }

    /// The executor as a process of its own.
    pub(crate) fn executor(&self) -> Program {
        let mut program = self.program_of_executor();
        program.arg(self.root());
        program
    }

    /// An executor that was asked something, at its work.
    pub(crate) fn start(&self, request: &Request) -> Child {
        let mut executor = self.executor();
        let mut child = executor.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = Vec::new();
        host::frame::send(&mut input, request).unwrap();
        child.stdin.take().unwrap().write_all(&input).unwrap();
        child
    }

    /// The same without a word said to it.
    pub(crate) fn program_of_executor(&self) -> Program {
        let mut program = Program::new(env!("CARGO_BIN_EXE_ketupa-host"));
        let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", self.programs().display());
        program.env("PATH", path);
        program
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.base);
    }
}

fn walk(root: &Path, directory: &Path, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if name == "var/lib/ketupa" {
            continue;
        }
        let data = path.symlink_metadata().unwrap();
        let content = if data.is_dir() {
            walk(root, &path, found);
            "directory".to_owned()
        } else if data.is_symlink() {
            format!("-> {}", fs::read_link(&path).unwrap().display())
        } else {
            String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
        };
        let line = format!("{:o} {}:{} {content}", data.mode(), data.uid(), data.gid());
        found.insert(name, line);
    }
}

pub(crate) fn file(text: &str, mode: u32) -> Then {
    written(Content::Text(text.into()), mode)
}

/// A program of these bytes.
pub(crate) fn program(bytes: &[u8]) -> Then {
    written(Content::Program(bytes.into()), 0o755)
}

fn written(content: Content, mode: u32) -> Then {
    Then::Write(NewFile { content, mode, owner: "root".into(), group: "root".into() })
}

/// Orders for these files, which Ketupa owns afterwards.
pub(crate) fn orders(files: Vec<FileOrder>) -> Orders {
    let mut orders = Orders { files, ..Orders::default() };
    for order in &orders.files {
        if let Then::Write(new) = &order.then {
            let owned = OwnedFile {
                hash: host::hash(new.content.bytes()),
                mode: new.mode,
                owner: new.owner.clone(),
                group: new.group.clone(),
                secret: false,
            };
            orders.owned.files.insert(order.path.clone(), owned);
        }
    }
    orders
}

pub(crate) fn command(name: &str, command: &[&str]) -> Command {
    let command = command.iter().map(|&part| part.to_owned()).collect();
    Command { name: name.into(), command, within_s: 5 }
}

/// What is answered with no at once.
pub(crate) fn never() -> Command {
    Command { within_s: 0, ..command("never", &["false"]) }
}

pub(crate) fn unit(name: &str, verb: Verb, boot: Boot) -> UnitOrder {
    UnitOrder { name: name.into(), verb, boot }
}
