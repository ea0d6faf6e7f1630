//! conntrackd: the two halves of a firewall pair know each other's connections.
//!
//! Debian 12: conntrackd 1.4.7. Manual: <https://conntrack-tools.netfilter.org/manual.html>. The
//! half that holds the VIPs tells the other of every connection over the `sync` segment (FTFW:
//! reliable); keepalived runs the rendered script when the VIPs move, and connections go on.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::Host;
use model::{Id, Isp};

/// The daemon that copies a firewall's connection table to its other half.
#[derive(Debug, Clone, Copy)]
pub struct Conntrackd;

const CARD: Card = Card {
    name: "conntrackd",
    summary: "Keeps connections alive when the firewall's other half takes over.",
    debian: "conntrackd 1.4.7",
    manual: "https://conntrack-tools.netfilter.org/manual.html",
    needs: &[],
};

const TEMPLATES: &[Template] = &[
    Template {
        name: "conntrackd/conntrackd.conf",
        text: include_str!("templates/conntrackd.conf.j2"),
    },
    Template {
        name: "conntrackd/primary-backup",
        text: include_str!("templates/primary-backup.j2"),
    },
];

impl Component for Conntrackd {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        isp.hosts[host].managed && isp.sync_link(host).is_some()
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
        TEMPLATES
    }
}
