//! keepalived: virtual addresses that one of several hosts answers for (`VRRPv3`, RFC 5798).
//!
//! Debian 12: keepalived 2.2.7. Manual: <https://keepalived.org/manpage.html>. One VRRP instance
//! for each VIP and family, on an interface with the virtual Ethernet address (`use_vmac`), so
//! that no neighbour has to learn a new address when the holder changes. VIPs of one group and
//! both their families move together.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::Host;
use model::{Id, Isp};

/// The VRRP daemon.
#[derive(Debug, Clone, Copy)]
pub struct Keepalived;

const CARD: Card = Card {
    name: "keepalived",
    summary: "Lets the first living host of a VIP answer for it, within a second.",
    debian: "keepalived 2.2.7",
    manual: "https://keepalived.org/manpage.html",
    needs: &[],
};

const TEMPLATES: &[Template] = &[
    Template {
        name: "keepalived/keepalived.conf",
        text: include_str!("templates/keepalived.conf.j2"),
    },
    Template { name: "keepalived/unit.conf", text: include_str!("templates/unit.conf.j2") },
];

impl Component for Keepalived {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        isp.hosts[host].managed && isp.vips_of(host).next().is_some()
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
