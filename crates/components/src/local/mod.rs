//! What a host has besides daemons: directories, symbolic links, mounts and timers.
//!
//! Debian 12 (systemd 252). Manuals: systemd.mount(5), systemd.timer(5).

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::Host;
use model::{Id, Isp};

/// Directories, links, mounts and timers.
pub struct Local;

const CARD: Card = Card {
    name: "local",
    summary: "Makes directories and links, mounts file systems, and runs commands by the calendar.",
    debian: "systemd 252",
    manual: "https://manpages.debian.org/bookworm/systemd/systemd.mount.5.en.html",
    needs: &[],
};

impl Component for Local {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, id: Id<Host>) -> bool {
        isp.hosts[id].managed && render::concerns(isp, id)
    }

    fn render(
        &self,
        isp: &Isp,
        host: Id<Host>,
        templates: &Templates,
    ) -> Result<HostTree, TemplateError> {
        render::tree(isp, host, templates)
    }

    fn templates(&self) -> &'static [Template] {
        &[
            Template { name: "local/mount", text: include_str!("templates/mount.j2") },
            Template { name: "local/service", text: include_str!("templates/service.j2") },
            Template { name: "local/timer", text: include_str!("templates/timer.j2") },
        ]
    }
}
