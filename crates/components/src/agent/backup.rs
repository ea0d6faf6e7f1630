//! Backups that a service of systemd makes: when it ended well, the agent gets to know.

use super::render::TEXT;
use component::{File, HostTree, TemplateError, Templates};
use model::{Id, Isp, kinds::Host};
use serde::Serialize;

/// Writes down when a backup of this name was made.
const UNIT: &str = "/etc/systemd/system/ketupa-backup@.service";

/// What the templates ask for.
#[derive(Serialize)]
struct Context<'a> {
    text: &'static str,
    backup: &'a str,
}

/// Has systemd start what tells the agent, after each service that makes a backup of this host.
pub(super) fn told(
    tree: &mut HostTree,
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<(), TemplateError> {
    if !isp.hosts[id].managed {
        return Ok(());
    }
    for backup in isp.backups.values().filter(|backup| isp.saved(backup).contains(&id)) {
        let Some(unit) = &backup.unit else { continue };
        let context = Context { text: TEXT, backup: &backup.name };
        let path = format!("/etc/systemd/system/{}.d/ketupa-backup-{}.conf", unit.0, backup.name);
        tree.files.insert(path, File::public(templates.render("agent/backup", &context)?));
        let made = templates.render("agent/made", &context)?;
        tree.files.insert(UNIT.into(), File::public(made));
    }
    Ok(())
}
