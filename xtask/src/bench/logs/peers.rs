//! What is there without us: systemd's journal, and files packed by zstd that are searched through.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::lines::Line;
use super::{Figures, Given, QUESTIONS, Question, RUNS};
use crate::bench::process::{bytes, ended_children_s, status_mib};

/// The library is of the same version as the program.
const PACKAGES: [&str; 3] = ["systemd-journal-remote", "libsystemd-shared", "libmicrohttpd12"];

/// `systemd-journal-remote`, as a central machine receives journals with, and `journalctl`.
pub(super) fn journal(given: &Given<'_>) -> Result<Figures, String> {
    let programs = given.work.join("programs");
    let program = programs.join("lib/systemd/systemd-journal-remote");
    if !program.exists() {
        super::super::unpacked(&programs, &PACKAGES)?;
    }
    let folder = given.work.join(format!("journal-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let begun = ended_children_s();
    let mut remote = Command::new(&program);
    remote.arg(format!("--output={}", folder.join("all.journal").display()));
    remote.args(["--split-mode=none", "-"]).env("LD_LIBRARY_PATH", libraries(&programs));
    let child = remote.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.map_err(|error| format!("{}: {error}", program.display()))?;
    let pipe = child.stdin.take().ok_or("no pipe")?;
    let mut out = BufWriter::with_capacity(1 << 16, pipe);
    let written = given.lines().try_for_each(|line| exported(&mut out, &line));
    written.and_then(|()| out.flush()).map_err(|error| format!("the journal: {error}"))?;
    let memory_mib = status_mib(child.id(), "VmHWM:");
    drop(out);
    child.wait().map_err(|error| error.to_string())?;
    let cpu_s = ended_children_s() - begun;
    let size = bytes(&folder, "");
    let asked = QUESTIONS.iter().map(|question| asked(|| journalctl(given, &folder, question)));
    let asked = asked.collect::<Result<Vec<_>, String>>();
    let _ = fs::remove_dir_all(&folder);
    let (name, later_s) = ("journald", 0.0);
    Ok(Figures { name, cpu_s, later_s, bytes: size, memory_mib, asked: asked? })
}

fn libraries(programs: &Path) -> String {
    format!(
        "{0}/usr/lib/{1}-linux-gnu:{0}/usr/lib/{1}-linux-gnu/systemd",
        programs.display(),
        std::env::consts::ARCH
    )
}

/// A line as `journalctl -o export` has it, with the fields that all have.
fn exported(out: &mut impl std::io::Write, line: &Line) -> std::io::Result<()> {
    let (time, host) = (line.time / 1000, line.host);
    write!(
        out,
        "__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={time}\n_BOOT_ID=0123456789abcdef0123456789abcd{host:02}\n\
         _HOSTNAME=host{host}\n_SYSTEMD_UNIT={}\nPRIORITY=6\nMESSAGE={}\n\n",
        line.unit, line.text
    )
}

fn journalctl(given: &Given<'_>, folder: &Path, question: &Question) -> Command {
    let mut command = Command::new("journalctl");
    command.arg("-D").arg(folder).args(["-q", "--no-pager", "-o", "cat"]);
    command.args(["-g", &format!(r"\b{}\b", question.word)]);
    if let Some(unit) = question.unit {
        command.arg(format!("_SYSTEMD_UNIT={unit}"));
    }
    if let Some(ago) = question.hour {
        let moment = |ago: i64| format!("@{}", given.end / super::logs_second() - ago * 3600);
        command.args(["--since", &moment(ago), "--until", &moment(ago - 1)]);
    }
    command
}

/// A file for each stream, packed by `zstd -3`, read by `zstd -dc | grep`: what no store can do without.
pub(super) fn packed(given: &Given<'_>) -> Result<Figures, String> {
    let fail = |error: std::io::Error| error.to_string();
    let folder = given.work.join(format!("packed-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(fail)?;
    let mut files: BTreeMap<String, BufWriter<File>> = BTreeMap::new();
    for line in given.lines() {
        let name = format!("{}@host{}.log", line.unit, line.host);
        let path = folder.join(&name);
        let file = match files.entry(name) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                new.insert(BufWriter::new(File::create(path).map_err(fail)?))
            }
        };
        writeln!(file, "{} {}", line.time, line.text).map_err(fail)?;
    }
    for file in files.values_mut() {
        file.flush().map_err(fail)?;
    }
    let begun = ended_children_s();
    let mut zstd = Command::new("zstd");
    super::super::timed(zstd.args(["-3", "-q", "--rm", "-r"]).arg(&folder))?;
    let cpu_s = ended_children_s() - begun;
    let size = bytes(&folder, "");
    let asked = QUESTIONS.iter().map(|question| asked(|| searched(given, &folder, question)));
    let asked = asked.collect::<Result<Vec<_>, String>>();
    let _ = fs::remove_dir_all(&folder);
    let (name, later_s, memory_mib) = ("zstd and grep", 0.0, f64::NAN);
    Ok(Figures { name, cpu_s, later_s, bytes: size, memory_mib, asked: asked? })
}

fn searched(given: &Given<'_>, folder: &Path, question: &Question) -> Command {
    let files = format!("{}/{}*.zst", folder.display(), question.unit.unwrap_or_default());
    let mut script = format!(r"zstd -dcq {files} | grep -w {}", question.word);
    if let Some(ago) = question.hour {
        let moment = |ago: i64| given.end - ago * 3600 * super::logs_second();
        let (from, to) = (moment(ago), moment(ago - 1));
        script += &format!(" | awk '$1 >= {from} && $1 <= {to}'");
    }
    let mut command = Command::new("sh");
    command.args(["-c", &script]);
    command
}

/// Milliseconds of a processor that a program takes, its children included, and the lines that it prints.
fn asked(program: impl Fn() -> Command) -> Result<(f64, usize), String> {
    let (begun, mut found) = (ended_children_s(), 0);
    for _ in 0..RUNS {
        let output = program().output().map_err(|error| error.to_string())?;
        found = String::from_utf8_lossy(&output.stdout).lines().count();
    }
    Ok(((ended_children_s() - begun) * 1e3 / RUNS as f64, found))
}
