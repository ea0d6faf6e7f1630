//! `StayRTR`: hands the declared route origins (`[roa.*]`) to routers by the RTR protocol (RFC 8210).
//!
//! Debian 12 (stayrtr 0.5.1). Manual: <https://github.com/bgp/stayrtr>.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, Role, RtrServer};
use model::{Id, Isp};

/// The RTR cache with declared origins only.
pub struct Stayrtr;

const CARD: Card = Card {
    name: "stayrtr",
    summary: "Hands declared route origins to routers, without asking the Internet.",
    debian: "stayrtr 0.5.1",
    manual: "https://github.com/bgp/stayrtr",
    needs: &[],
};

impl Component for Stayrtr {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        let host = &isp.hosts[host];
        host.managed && host.role == Role::Validator && host.rtr == RtrServer::Stayrtr
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
            Template { name: "stayrtr/vrps.json", text: include_str!("templates/vrps.json.j2") },
            Template { name: "stayrtr/stayrtr", text: include_str!("templates/stayrtr.j2") },
            Template { name: "stayrtr/unit.conf", text: include_str!("templates/unit.conf.j2") },
        ]
    }
}
