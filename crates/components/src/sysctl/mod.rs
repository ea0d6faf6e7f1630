//! Kernel network settings by role, in `/etc/sysctl.d`: only `net.*` keys, so that the twin applies the same file.
//!
//! Debian 12 (systemd 252, Linux 6.1). Manuals: sysctl.d(5), Linux `networking/ip-sysctl`,
//! `networking/nf_conntrack-sysctl` and `networking/vrf`.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, Role};
use model::{Id, Isp};

/// The kernel's network settings.
pub struct Sysctl;

const CARD: Card = Card {
    name: "sysctl",
    summary: "Sets how the kernel forwards, answers ARP and tracks connections, by the host's role.",
    debian: "systemd 252",
    manual: "https://docs.kernel.org/networking/ip-sysctl.html",
    needs: &["management VRF: a kernel with CONFIG_NET_VRF (Debian's has it)"],
};

impl Component for Sysctl {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        let host = &isp.hosts[host];
        // A hypervisor's bridges and guests are the hypervisor's own business.
        host.managed && host.role != Role::Hypervisor
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
            Template { name: "sysctl/sysctl.conf", text: include_str!("templates/sysctl.conf.j2") },
            Template { name: "sysctl/unit.conf", text: include_str!("templates/unit.conf.j2") },
        ]
    }
}
