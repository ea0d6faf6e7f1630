//! Addresses, default gateways, interface names and the management VRF, by `/etc/network/interfaces`;
//! and the names of its neighbours and of all services, by `/etc/hosts`.
//!
//! Debian 12 (ifupdown 0.8.41, iproute2 6.1, systemd 252). Manuals: interfaces(5), ip-batch in
//! ip(8), systemd.link(5), Linux `networking/vrf`. Why `networking.service` does not run `ifup`:
//! docs/decisions/0010-interfaces.md.

mod names;
mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, Role};
use model::{Id, Isp};

/// A host's network interfaces and the names that it knows.
pub struct Interfaces;

const CARD: Card = Card {
    name: "interfaces",
    summary: "Gives interfaces their names, addresses, gateway and VRF, and hosts their names.",
    debian: "ifupdown 0.8.41",
    manual: "https://manpages.debian.org/bookworm/ifupdown/interfaces.5.en.html",
    needs: &["management VRF: a kernel with CONFIG_NET_VRF; a table and rules stand in for it"],
};

impl Component for Interfaces {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        let host = &isp.hosts[host];
        // A hypervisor's bridges and guests are the hypervisor's own business.
        host.managed && host.role != Role::Hypervisor && !host.nic.is_empty()
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
            Template {
                name: "interfaces/interfaces",
                text: include_str!("templates/interfaces.j2"),
            },
            Template { name: "interfaces/apply", text: include_str!("templates/apply.j2") },
            Template { name: "interfaces/vrf", text: include_str!("templates/vrf.j2") },
            Template {
                name: "interfaces/networking.conf",
                text: include_str!("templates/networking.conf.j2"),
            },
            Template { name: "interfaces/link", text: include_str!("templates/link.j2") },
            Template { name: "interfaces/hosts", text: include_str!("templates/hosts.j2") },
        ]
    }
}
