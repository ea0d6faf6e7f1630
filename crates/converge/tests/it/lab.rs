//! A machine in a temporary directory, and short ways to say what it shall hold.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use component::tree::{Check, File, HostTree, OnChange, Probe, Unit};
use converge::{Interrupted, NoSecret, Observed, Outcome, Plan, Vault, apply, observe, plan};
use host::Place;
use machine::Here;

pub(crate) struct Lab {
    base: PathBuf,
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Every unit runs and every call succeeds.
const SYSTEMCTL: &str = r#"#!/bin/sh
here=$(dirname "$0")
if [ "$1" = show ]; then
    shift
    first=yes
    for unit; do
        case $unit in -*) continue ;; esac
        [ $first = yes ] || echo
        first=no
        echo LoadState=loaded
        [ -e "$here/$unit.runs" ] && echo ActiveState=active || echo ActiveState=inactive
        [ -e "$here/$unit.runs" ] && echo UnitFileState=enabled || echo UnitFileState=disabled
    done
    exit 0
fi
echo "$*" >>"$here/calls"
case $1 in
start | restart) touch "$here/$3.runs" ;;
stop) rm "$here/$3.runs" ;;
esac
"#;

impl Lab {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ketupa-converge-{}-{number}", std::process::id());
        let lab = Self { base: std::env::temp_dir().join(name) };
        fs::create_dir_all(lab.base.join("root/var/lib/dpkg")).unwrap();
        fs::write(
            lab.base.join("root/var/lib/dpkg/status"),
            "Package: bird2\nStatus: install ok installed\n",
        )
        .unwrap();
        fs::create_dir_all(lab.base.join("programs")).unwrap();
        lab.program("systemctl", SYSTEMCTL);
        lab
    }

    /// A program that the machine finds before its own.
    pub(crate) fn program(&self, name: &str, text: &str) {
        let (draft, program) = (self.base.join("draft"), self.base.join("programs").join(name));
        let text =
            if text.starts_with("#!") { text.into() } else { format!("#!/bin/sh\n{text}\n") };
        fs::write(&draft, text).unwrap();
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
        // By another process: a child that another test starts meanwhile would keep a file that we
        // write open, and busy.
        assert!(Command::new("cp").args([draft, program]).status().unwrap().success());
    }

    pub(crate) fn machine(&self) -> Here {
        let place = Place::below(self.base.join("root"));
        Here::new("edge-01", place.with_programs(&self.base.join("programs")))
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.base.join("root").join(path.trim_start_matches('/'))
    }

    pub(crate) fn put(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.base.join("programs/calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    pub(crate) fn observe(&self, desired: &HostTree) -> Observed {
        observe(desired, &self.machine(), &Safe("hunter2"), Interrupted::Report).unwrap()
    }

    pub(crate) fn plan(&self, desired: &HostTree) -> Plan {
        plan(desired, &self.observe(desired))
    }

    pub(crate) fn apply(&self, desired: &HostTree) -> Outcome {
        apply(&self.plan(desired), &self.machine(), &Safe("hunter2"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.base);
    }
}

/// A vault with one secret for everything.
pub(crate) struct Safe(pub(crate) &'static str);

impl Vault for Safe {
    fn reveal(&self, reference: &str) -> Result<String, NoSecret> {
        if reference == "pass:lost" {
            return Err(NoSecret::new(reference, "it is lost"));
        }
        Ok(self.0.to_owned())
    }
}

/// A router as small as can be.
pub(crate) fn router() -> HostTree {
    let mut tree = HostTree::default();
    tree.packages.insert("bird2".into());
    tree.files.insert("/etc/bird/bird.conf".into(), File::public("router id 10.0.0.1;\n"));
    tree.files.insert("/etc/bird/peers/ix.conf".into(), File::public("neighbor 10.0.0.2;\n"));
    tree.units.insert("bird.service".into(), unit(OnChange::Reload, &["/etc/bird/"], &[]));
    tree.checks.push(Check {
        component: "bird".into(),
        command: vec!["true".into(), "/etc/bird/bird.conf".into()],
        covers: vec!["/etc/bird/".into()],
    });
    tree.probes.push(Probe {
        name: "BIRD answers".into(),
        command: vec!["true".into()],
        within_s: 5,
    });
    tree
}

pub(crate) fn unit(on_change: OnChange, reads: &[&str], after: &[&str]) -> Unit {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Unit { on_change, reads: owned(reads), after: owned(after), cuts_off: false }
}
