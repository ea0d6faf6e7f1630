//! `ketupa render`: the configuration of every host, printed or written below a directory. Secrets and programs
//! stand in it as marks: the first are nobody's to read, the others are for one processor.

use super::{End, Error};
use crate::cli::Render;
use crate::input::{self, Directory};
use crate::screen::{Screen, counted};
use component::{HostTree, Tree};
use model::Isp;
use std::path::{Component, Path, PathBuf};

pub(crate) fn run(args: &Render, screen: &mut Screen) -> Result<End, Error> {
    let read = input::read(&args.place.dir)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(End::Wrong);
    };
    let Some(tree) = tree(&isp, &read.directory, super::today(args.today), screen)? else {
        return Ok(End::Wrong);
    };
    let hosts = chosen(&tree, args.host.as_slice())?;
    match &args.out {
        None => print(&hosts, screen)?,
        Some(folder) => {
            apart(&hosts, folder, &args.place.dir)?;
            write(&hosts, folder, screen)?;
        }
    }
    Ok(End::Well)
}

/// Proves an ISP and renders it; where it is wrong, says what and gives nothing.
pub(crate) fn tree(
    isp: &Isp,
    directory: &Directory,
    today: jiff::civil::Date,
    screen: &mut Screen,
) -> Result<Option<Tree>, Error> {
    match prove::prove(isp, components::ALL, today) {
        Ok(proof) => {
            let tree = render::tree(&proof, components::ALL, &directory.templates);
            tree.map(Some).map_err(|error| Error::Message(error.to_string()))
        }
        Err(findings) => {
            screen.findings(&findings, &directory.sources)?;
            screen.say(format!("{}: nothing is rendered", counted(&findings)));
            Ok(None)
        }
    }
}

/// The hosts of these names; all where none is named.
pub(crate) fn chosen<'a>(
    tree: &'a Tree,
    wanted: &[String],
) -> Result<Vec<(&'a str, &'a HostTree)>, Error> {
    if let Some(unknown) = wanted.iter().find(|name| !tree.hosts.contains_key(*name)) {
        let known: Vec<&str> = tree.hosts.keys().map(String::as_str).collect();
        let near = model::value::nearest(unknown, known.iter().copied());
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let known = known.join(", ");
        return Err(Error::Usage(format!(
            "no managed host is named `{unknown}`{near}
there are {known}"
        )));
    }
    let all = tree.hosts.iter().map(|(name, host)| (name.as_str(), host));
    Ok(all.filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|one| one == name)).collect())
}

fn print(hosts: &[(&str, &HostTree)], screen: &mut Screen) -> Result<(), Error> {
    for (name, host) in hosts {
        for (path, file) in &host.files {
            screen.line(format!(
                "==> {name}:{path} ({:o} {}:{})",
                file.mode, file.owner, file.group
            ))?;
            screen.line(&file.text)?;
        }
    }
    Ok(())
}

/// Refuses to write where the next run would read what was written as declared: some of it is TOML.
fn apart(hosts: &[(&str, &HostTree)], folder: &Path, dir: &Path) -> Result<(), Error> {
    let place = |path: &Path| real(path).map_err(|e| Error::file("find", path, e));
    let declared = place(dir)?;
    for (name, _) in hosts {
        let target = place(&folder.join(name))?;
        let Ok(below) = target.strip_prefix(&declared) else { continue };
        let hidden = |part: Component<'_>| part.as_os_str().to_string_lossy().starts_with('.');
        if !below.components().any(hidden) {
            return Err(Error::Usage(format!(
                "{} is inside {}, where all TOML is read as declared\n\
                 name a folder outside of it, or one whose name begins with a dot",
                folder.join(name).display(),
                dir.display()
            )));
        }
    }
    Ok(())
}

/// A path without links and `..`, also where its end is not there yet.
fn real(path: &Path) -> std::io::Result<PathBuf> {
    let mut real = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            part @ (Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::Normal(_)) => real.push(part),
        }
        real = real.canonicalize().unwrap_or(real);
    }
    Ok(real)
}

fn write(hosts: &[(&str, &HostTree)], folder: &Path, screen: &mut Screen) -> Result<(), Error> {
    let mut count = 0;
    for (name, host) in hosts {
        for (path, file) in &host.files {
            let target = folder.join(name).join(path.trim_start_matches('/'));
            let parent = target.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(|e| Error::file("create", parent, e))?;
            std::fs::write(&target, &file.text).map_err(|e| Error::file("write", &target, e))?;
            count += 1;
        }
    }
    screen.say(format!(
        "{count} files of {} host{} written below {}",
        hosts.len(),
        if hosts.len() == 1 { "" } else { "s" },
        folder.display()
    ));
    Ok(())
}
