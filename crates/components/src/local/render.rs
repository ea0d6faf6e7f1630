//! From what is declared besides daemons to what one host has.

use component::{Directory, File, HostTree, OnChange, TemplateError, Templates, Unit};
use model::kinds::{Host, Mount, On, Timer};
use model::{Id, Isp};
use serde::Serialize;
use std::fmt::Write as _;

/// What the template of a mount asks for.
#[derive(Serialize)]
struct MountContext<'a> {
    name: &'a str,
    path: &'a str,
    what: &'a str,
    kind: Option<&'a str>,
    options: Vec<&'a str>,
}

/// What the templates of a timer and of its service ask for.
#[derive(Serialize)]
struct TimerContext<'a> {
    description: &'a str,
    when: &'a str,
    command: &'a str,
    user: &'a str,
}

/// Is anything of this on the host?
pub(super) fn concerns(isp: &Isp, id: Id<Host>) -> bool {
    let host = &isp.hosts[id];
    let lists = isp.directories.values().map(|one| &one.on);
    let lists = lists.chain(isp.links.values().map(|one| &one.on));
    let lists = lists.chain(isp.mounts.values().map(|one| &one.on));
    let mut lists = lists.chain(isp.timers.values().map(|one| &one.on));
    lists.any(|on| On::means(on, id, host))
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let host = &isp.hosts[id];
    let mut tree = HostTree::default();
    for one in isp.directories.values().filter(|one| On::means(&one.on, id, host)) {
        let (owner, group) = (one.owner.0.clone(), one.group.0.clone());
        tree.directories.insert(one.path.0.clone(), Directory { mode: one.mode.0, owner, group });
    }
    for one in isp.links.values().filter(|one| On::means(&one.on, id, host)) {
        tree.links.insert(one.path.0.clone(), one.to.0.clone());
    }
    for one in isp.mounts.values().filter(|one| On::means(&one.on, id, host)) {
        mount(&mut tree, one, templates)?;
    }
    for one in isp.timers.values().filter(|one| On::means(&one.on, id, host)) {
        timer(&mut tree, one, templates)?;
    }
    Ok(tree)
}

fn mount(tree: &mut HostTree, one: &Mount, templates: &Templates) -> Result<(), TemplateError> {
    let context = MountContext {
        name: &one.name,
        path: &one.path.0,
        what: &one.what.0,
        kind: one.r#type.as_ref().map(|kind| kind.0.as_str()),
        options: one.options.iter().map(|option| option.0.as_str()).collect(),
    };
    let unit = format!("{}.mount", escaped(&one.path.0));
    let text = templates.render("local/mount", &context)?;
    // What is mounted goes on being so with its old options until it is mounted anew.
    drive(tree, unit, text, OnChange::Restart);
    Ok(())
}

fn timer(tree: &mut HostTree, one: &Timer, templates: &Templates) -> Result<(), TemplateError> {
    let context = TimerContext {
        description: one.description.as_deref().unwrap_or(&one.name),
        when: &one.when.0,
        command: &one.command.0,
        user: &one.user.0,
    };
    let service = templates.render("local/service", &context)?;
    let path = format!("/etc/systemd/system/ketupa-{}.service", one.name);
    tree.files.insert(path, File::public(service));
    let text = templates.render("local/timer", &context)?;
    drive(tree, format!("ketupa-{}.timer", one.name), text, OnChange::Restart);
    Ok(())
}

/// Adds a unit with its own file.
fn drive(tree: &mut HostTree, name: String, text: String, on_change: OnChange) {
    tree.files.insert(format!("/etc/systemd/system/{name}"), File::public(text));
    let unit = Unit { on_change, reads: Vec::new(), after: Vec::new(), cuts_off: false };
    tree.units.insert(name, unit);
}

/// A path as the name of a unit, as `systemd-escape --path` writes it.
fn escaped(path: &str) -> String {
    let mut name = String::new();
    for (place, c) in path.trim_matches('/').char_indices() {
        match c {
            '/' => name.push('-'),
            '.' if place == 0 => name.push_str("\\x2e"),
            c if c.is_ascii_alphanumeric() || "_.:".contains(c) => name.push(c),
            // Writing to a string cannot fail.
            c => drop(write!(name, "\\x{:02x}", u32::from(c))),
        }
    }
    name
}
