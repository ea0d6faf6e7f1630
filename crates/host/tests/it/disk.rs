//! A full disk.

use std::path::Path;

use host::wire::End;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::UnshareFlags;

use crate::lab::{Lab, orders};

/// Runs a test in a thread with mounts of its own, so that it leaves none behind.
pub(crate) fn apart(test: impl FnOnce(&Lab) + Send) {
    let lab = Lab::new();
    std::thread::scope(|scope| {
        let test = || {
            leave();
            test(&lab);
        };
        scope.spawn(test).join().unwrap();
    });
}

/// Gives the thread mounts of its own.
#[expect(deprecated, reason = "unsound for FILES only")]
fn leave() {
    rustix::thread::unshare(UnshareFlags::NEWNS).unwrap();
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
}

pub(crate) fn tmpfs(at: &Path, size: &str) {
    let options = std::ffi::CString::new(format!("size={size}")).unwrap();
    mount("test", at, "tmpfs", MountFlags::empty(), options.as_c_str()).unwrap();
    std::fs::set_permissions(at, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_full_disk_leaves_everything_untouched() {
    apart(|lab| {
        tmpfs(&lab.root(), "256k");
        lab.put("/var/lib/any", "");
        lab.put("/etc/a.conf", "old");
        lab.put("/etc/b.conf", "old");
        let big = "x".repeat(200 << 10);
        let orders = orders(vec![
            lab.write("/etc/a.conf", "new"),
            lab.write("/etc/b.conf", &big),
            lab.write("/etc/new/c.conf", &big),
        ]);
        let before = lab.snapshot();
        let End::Refused { why } = lab.apply(&orders).end else { panic!() };
        assert!(why.starts_with("cannot stage /etc/new/c.conf: No space left"), "{why}");
        assert_eq!(lab.snapshot(), before);
        assert!(!lab.at("/var/lib/ketupa/journal.json").exists());
    });
}

#[test]
fn a_disk_that_fills_up_during_the_change_does_not_stop_the_way_back() {
    apart(|lab| {
        tmpfs(&lab.root(), "256k");
        lab.put("/var/lib/any", "");
        lab.put("/etc/a.conf", &"a".repeat(20 << 10));
        lab.put("/etc/gone.conf", "gone");
        let mut orders = orders(vec![
            lab.write("/etc/a.conf", "new"),
            lab.order("/etc/gone.conf", host::wire::Then::Remove),
        ]);
        let before = lab.snapshot();
        let filler = lab.at("/filler");
        let fill = format!("dd if=/dev/zero of={} bs=1k; false", filler.display());
        orders.probes = vec![host::wire::Command {
            within_s: 0,
            ..crate::lab::command("is there space?", &["sh", "-c", &fill])
        }];
        let End::RolledBack { troubles, .. } = lab.apply(&orders).end else { panic!() };
        assert_eq!(troubles, Vec::<String>::new());
        std::fs::remove_file(filler).unwrap();
        assert_eq!(lab.snapshot(), before);
    });
}
