//! Who does the work, and with which commands; and what has to be carried to the desk for it.

use super::super::target;
use super::used::Left;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use twin::{Image, Site};

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    /// Nobody: one `ssh HOST true` to each, all at once.
    Floor,
    Ketupa,
    /// The same over connections that stay open between turns, as an operator may tell ssh.
    Shared,
    Pyinfra,
    Mitogen,
    Ansible,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Bare hosts get all of it.
    First,
    /// Nothing is to be done, and that is found out.
    Same,
    /// What would be done is told; it is nothing.
    Dry,
    /// One file of each host was changed by hand.
    Repair,
}

impl Turn {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Same => "no-op",
            Self::Dry => "dry run",
            Self::Repair => "repair",
        }
    }
}

impl Tool {
    pub(super) const ALL: [Self; 6] =
        [Self::Floor, Self::Ketupa, Self::Shared, Self::Pyinfra, Self::Mitogen, Self::Ansible];

    pub(super) fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|tool| tool.name() == name);
        found.ok_or_else(|| format!("there is no tool `{name}`"))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Floor => "ssh-true",
            Self::Ketupa => "ketupa",
            Self::Shared => "ketupa-shared",
            Self::Pyinfra => "pyinfra",
            Self::Mitogen => "ansible-mitogen",
            Self::Ansible => "ansible",
        }
    }

    pub(super) fn turns(self) -> &'static [Turn] {
        match self {
            Self::Floor => &[Turn::Same],
            Self::Ketupa | Self::Shared | Self::Pyinfra | Self::Mitogen | Self::Ansible => {
                &[Turn::First, Turn::Same, Turn::Dry, Turn::Repair]
            }
        }
    }

    /// Whether a turn takes no longer than seconds.
    pub(super) fn is_quick(self) -> bool {
        matches!(self, Self::Floor | Self::Ketupa | Self::Shared)
    }

    /// What becomes of connections that it leaves open.
    pub(super) fn leaves(self) -> Left {
        if self == Self::Shared { Left::Stays } else { Left::Ends }
    }

    /// Whether it does the work at all.
    pub(super) fn works(self) -> bool {
        self != Self::Floor
    }

    /// The command at the desk, as a script for its shell.
    pub(super) fn command(self, turn: Turn, hosts: usize) -> String {
        let dry = turn == Turn::Dry;
        match self {
            Self::Floor => "for n in $(cat /opt/bench/hosts); do \
                 ssh -F /root/config -o BatchMode=yes 10.9.0.$n true </dev/null & p=\"$p $!\"; done; \
                 for one in $p; do wait $one || exit 1; done"
                .into(),
            Self::Ketupa => ours(turn, "/root/config", hosts),
            Self::Shared => ours(turn, "/root/shared", hosts),
            Self::Pyinfra => {
                let act = if dry { "--dry --diff" } else { "-y" };
                format!(
                    "cd /opt/bench/work && PYTHONPATH=/opt/bench/peers python3 -m pyinfra {act} inventory.py deploy.py"
                )
            }
            Self::Ansible => playbook("ansible.cfg", turn),
            Self::Mitogen => playbook("mitogen.cfg", turn),
        }
    }
}

fn ours(turn: Turn, config: &str, hosts: usize) -> String {
    let act = if turn == Turn::Dry { "plan" } else { "apply" };
    format!("/opt/bench/xtask bench converge-one {act} {config} {hosts}")
}

/// Each turn begins without connections, as an operator's day does.
fn playbook(config: &str, turn: Turn) -> String {
    let how = if turn == Turn::Dry { "--check --diff" } else { "" };
    format!(
        "cd /opt/bench/work && rm -rf /root/.ansible/cp && ANSIBLE_CONFIG=/opt/bench/work/{config} \
         PYTHONPATH=/opt/bench/peers python3 -m ansible playbook \
         -i /opt/bench/inventory.ini -e @work.json {how} site.yml"
    )
}

/// All that the desk needs.
pub(super) struct Kit {
    image: Image,
    /// What is copied there, and under which name.
    parts: Vec<(PathBuf, &'static str)>,
}

impl Kit {
    /// Builds what is ours and installs what is others'.
    pub(super) fn made(root: &Path, tools: &[Tool]) -> Result<Self, String> {
        let ketupa = super::super::released(root)?;
        run(Command::new("make").args(["--quiet", "executor"]).current_dir(root))?;
        let mut packages = twin::image::PACKAGES.to_vec();
        packages.extend(["python3", "python3-apt"]);
        let site = Site::with(&ketupa);
        let image = Image::ensure(&site, &packages, &mut |line| eprintln!("{line}"));
        let image = image.map_err(|error| error.chain())?;
        let this = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut parts = vec![
            (this, "xtask"),
            (ketupa.with_file_name("ketupa-host"), "ketupa-host"),
            (work(root), "work"),
        ];
        let peers = [Tool::Ansible, Tool::Mitogen, Tool::Pyinfra];
        if tools.iter().any(|tool| peers.contains(tool)) {
            parts.push((installed(root)?, "peers"));
        }
        Ok(Self { image, parts })
    }

    pub(super) fn image(&self) -> &Image {
        &self.image
    }

    /// Copies everything below `folder`.
    pub(super) fn carry_to(&self, folder: &Path) -> Result<(), String> {
        for (from, name) in &self.parts {
            run(Command::new("cp").arg("-rL").arg(from).arg(folder.join(name)))?;
        }
        Ok(())
    }
}

fn work(root: &Path) -> PathBuf {
    root.join("xtask/src/bench/converge/work")
}

/// The others, in the versions that `peers.txt` names, for Debian's own Python.
fn installed(root: &Path) -> Result<PathBuf, String> {
    let wanted = work(root).join("peers.txt");
    let (folder, done) = (target(root).join("bench"), target(root).join("bench/peers.txt"));
    let peers = folder.join("peers");
    let same = fs::read(&done).ok() == fs::read(&wanted).ok();
    if !same {
        let _old = fs::remove_dir_all(&folder);
        run(Command::new("/usr/bin/python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
        let mut pip = Command::new(folder.join("venv/bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "--target"]).arg(&peers);
        run(pip.arg("-r").arg(&wanted))?;
        fs::copy(&wanted, &done).map_err(|error| format!("{}: {error}", done.display()))?;
    }
    Ok(peers)
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}
