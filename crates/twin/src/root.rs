//! The root filesystem of a container, built in a private mount namespace.
//!
//! Programs come read-only from the image over this machine's own; everything that a host may
//! write lives in a folder called its disk. Nothing of it is visible outside.

use std::ffi::CString;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind, mount_remount, unmount};
use sha2::{Digest as _, Sha256};

use crate::error::{Doing as _, Result};
use crate::lab::hex;

/// Where a container finds the program of its first process.
pub const PROGRAM: &str = "/run/twin/init";

/// What a container's root is made of.
pub(crate) struct Root<'a> {
    /// Its host name.
    pub(crate) name: &'a str,
    /// The image's folder.
    pub(crate) image: &'a Path,
    /// An empty folder to mount the root on.
    pub(crate) at: &'a Path,
    /// What the host keeps when its power fails; none: it keeps nothing.
    pub(crate) disk: Option<&'a Path>,
    /// The program of the first process.
    pub(crate) program: &'a Path,
    /// Where `/usr` comes from.
    pub(crate) programs: Programs,
}

/// Where `/usr` comes from.
#[derive(Clone, Copy)]
pub(crate) enum Programs {
    /// The image's over this machine's.
    Layered,
    /// The one that is already there: the container starts inside another.
    Inherited,
}

impl Root<'_> {
    /// Builds the root and returns where; [`enter`] makes it `/`.
    pub(crate) fn build(&self) -> Result<PathBuf> {
        mount_new("tmpfs", self.at, MountFlags::empty(), "mode=755")?;
        let root = self.at.join("root");
        let disk = self.disk.map_or_else(|| self.at.join("disk"), Path::to_path_buf);
        let first = !disk.join("etc").exists();
        folder(&root)?;
        bind(&root, &root)?;
        skeleton(&root)?;
        self.programs(&root)?;
        self.written(&root, &disk)?;
        kernel(&root)?;
        devices(&root)?;
        self.control(&root)?;
        if first {
            self.identity(&root)?;
        }
        rustix::system::sethostname(self.name.as_bytes())
            .doing(|| format!("name the host {}", self.name))?;
        Ok(root)
    }

    fn programs(&self, root: &Path) -> Result<()> {
        let usr = root.join("usr");
        match self.programs {
            Programs::Inherited => bind(Path::new("/usr"), &usr),
            Programs::Layered => {
                let layers = format!("lowerdir={}:/usr", self.image.join("usr").display());
                mount_new("overlay", &usr, MountFlags::RDONLY, &layers)
            }
        }
    }

    /// The image's `/etc` and `/var` under the host's own writing, and its private folders.
    fn written(&self, root: &Path, disk: &Path) -> Result<()> {
        for part in ["etc", "var"] {
            let (upper, work) = (disk.join(part), disk.join("work").join(part));
            folder(&upper)?;
            folder(&work)?;
            let lower = self.image.join(part);
            copy_mode(&lower, &upper)?;
            let layers = format!(
                "lowerdir={},upperdir={},workdir={}",
                lower.display(),
                upper.display(),
                work.display()
            );
            mount_new("overlay", &root.join(part), MountFlags::empty(), &layers)?;
        }
        for part in ["root", "home", "srv", "opt", "usr/local"] {
            folder(&disk.join(part))?;
            bind(&disk.join(part), &root.join(part))?;
        }
        Ok(())
    }

    /// Our program, and `systemctl` in front of Debian's, which could not reach a systemd.
    fn control(&self, root: &Path) -> Result<()> {
        let program = root.join("run/twin/init");
        write(&program, "")?;
        bind(self.program, &program)?;
        let script = root.join("run/twin/systemctl");
        write(&script, &format!("#!/bin/sh\nexec {PROGRAM} twin-init systemctl \"$@\"\n"))?;
        set_mode(&script, 0o755)?;
        bind(&script, &root.join("usr/bin/systemctl"))
    }

    fn identity(&self, root: &Path) -> Result<()> {
        let etc = root.join("etc");
        let name = self.name;
        let id = hex(Sha256::digest(name).get(..16).unwrap_or_default());
        write(&etc.join("machine-id"), &format!("{id}\n"))?;
        write(&etc.join("hostname"), &format!("{name}\n"))?;
        write(
            &etc.join("hosts"),
            &format!("127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n"),
        )
    }
}

/// Makes the root `/`, and what was `/` unreachable.
pub(crate) fn enter(root: &Path) -> Result<()> {
    std::env::set_current_dir(root).doing(|| "enter the new root".to_owned())?;
    rustix::process::pivot_root(".", "old").doing(|| "change the root".to_owned())?;
    std::env::set_current_dir("/").doing(|| "enter the changed root".to_owned())?;
    unmount("/old", UnmountFlags::DETACH).doing(|| "let go of the old root".to_owned())?;
    fs::remove_dir("/old").doing(|| "remove /old".to_owned())
}

fn skeleton(root: &Path) -> Result<()> {
    for part in [
        "usr",
        "etc",
        "var",
        "run/lock",
        "run/twin/notify",
        "run/systemd/system",
        "tmp",
        "root",
        "home",
        "srv",
        "mnt",
        "media",
        "opt",
        "proc",
        "sys",
        "dev",
        "old",
    ] {
        folder(&root.join(part))?;
    }
    set_mode(&root.join("tmp"), 0o1777)?;
    set_mode(&root.join("run/lock"), 0o1777)?;
    for part in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        if let Ok(target) = fs::read_link(Path::new("/").join(part)) {
            symlink(target, root.join(part)).doing(|| format!("link /{part}"))?;
        }
    }
    Ok(())
}

/// `/proc` and `/sys`: of the kernel's settings only those of the network may be written,
/// because all others would be this machine's.
fn kernel(root: &Path) -> Result<()> {
    let quiet = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let proc = root.join("proc");
    mount_new("proc", &proc, quiet, "")?;
    mount_new("sysfs", &root.join("sys"), quiet | MountFlags::RDONLY, "")?;
    let settings = proc.join("sys");
    bind(&settings, &settings)?;
    bind(&settings.join("net"), &settings.join("net"))?;
    let frozen = MountFlags::BIND | MountFlags::RDONLY | quiet;
    mount_remount(&settings, frozen, c"").doing(|| "protect /proc/sys".to_owned())?;
    for danger in ["sysrq-trigger", "kcore"] {
        let file = proc.join(danger);
        if file.exists() {
            bind(Path::new("/dev/null"), &file)?;
        }
    }
    Ok(())
}

fn devices(root: &Path) -> Result<()> {
    let dev = root.join("dev");
    mount_new("tmpfs", &dev, MountFlags::NOSUID, "mode=755,size=1m")?;
    for part in ["net", "pts", "shm", "mqueue"] {
        folder(&dev.join(part))?;
    }
    for (name, major, minor) in [
        ("null", 1, 3),
        ("zero", 1, 5),
        ("full", 1, 7),
        ("random", 1, 8),
        ("urandom", 1, 9),
        ("tty", 5, 0),
        ("net/tun", 10, 200),
        ("ppp", 108, 0),
    ] {
        let node = dev.join(name);
        let mode = Mode::from_raw_mode(0o666);
        mknodat(CWD, &node, FileType::CharacterDevice, mode, makedev(major, minor))
            .doing(|| format!("make /dev/{name}"))?;
        set_mode(&node, 0o666)?;
    }
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount_new("devpts", &dev.join("pts"), flags, "newinstance,ptmxmode=0666,mode=0620")?;
    mount_new("tmpfs", &dev.join("shm"), MountFlags::NOSUID | MountFlags::NODEV, "mode=1777")?;
    for (name, target) in [
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        symlink(target, dev.join(name)).doing(|| format!("link /dev/{name}"))?;
    }
    Ok(())
}

/// Mounts a new filesystem.
pub(crate) fn mount_new(kind: &str, at: &Path, flags: MountFlags, options: &str) -> Result<()> {
    let options = CString::new(options).doing(|| format!("mount {kind} with a zero byte"))?;
    mount(kind, at, kind, flags, options.as_c_str())
        .doing(|| format!("mount {kind} on {}", at.display()))
}

/// Shows a file or folder in a second place.
pub(crate) fn bind(from: &Path, to: &Path) -> Result<()> {
    mount_bind(from, to).doing(|| format!("bind {} to {}", from.display(), to.display()))
}

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).doing(|| format!("make the folder {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).doing(|| format!("write {}", path.display()))
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .doing(|| format!("set the mode of {}", path.display()))
}

fn copy_mode(from: &Path, to: &Path) -> Result<()> {
    let mode = fs::metadata(from).doing(|| format!("look at {}", from.display()))?.permissions();
    fs::set_permissions(to, mode).doing(|| format!("set the mode of {}", to.display()))
}
