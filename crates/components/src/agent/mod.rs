//! Ketupa's own agent: says how the host is, asks what is to be asked from here, and sends it all to the watch.
//!
//! The program travels with Ketupa. For Debian 12 (systemd 252). Manual: `docs/agent.md`.

mod backup;
mod probe;
mod render;
mod smart;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::Host;
use model::{Id, Isp};

pub use probe::lines as probe;

/// The agent of the watch.
pub struct Agent;

const CARD: Card = Card {
    name: "agent",
    summary: "Says how a host is, asks what is asked from there, and sends it to the declared watch.",
    debian: "not in Debian: it comes with Ketupa, `make executor` builds it; systemd 252",
    manual: "https://github.com/prometheus/node_exporter",
    needs: &[],
};

impl Component for Agent {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        derive::checks::has_agent(isp, host) && isp.watch_url().is_some()
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
            Template { name: "agent/agent.toml", text: include_str!("templates/agent.toml.j2") },
            Template { name: "agent/backup", text: include_str!("templates/backup.j2") },
            Template { name: "agent/made", text: include_str!("templates/made.j2") },
            Template { name: "agent/service", text: include_str!("templates/service.j2") },
            Template { name: "agent/smart", text: include_str!("templates/smart.j2") },
            Template { name: "agent/smart.timer", text: include_str!("templates/smart.timer.j2") },
        ]
    }
}
