//! BIRD 2: BGP with other networks and inside ours, OSPF and BFD on the backbones, route origin
//! validation, and the kernel's routing tables. For BIRD 2.0.12 of Debian 12.
//!
//! Manual: <https://bird.network.cz/?get_doc&v=20&f=bird.html>. What is taken from and told to
//! whom is decided in the crate `policy`; this folder says which session there is, with what
//! parameters, and prints both.

mod filters;
mod igp;
mod inside;
mod invariants;
mod outside;
mod own;
mod render;

use component::{Card, Component, HostTree, Invariant, Template, TemplateError, Templates};
use model::kinds::Host;
use model::{Id, Isp};

/// BIRD, on every router.
#[derive(Debug, Clone, Copy)]
pub struct Bird;

const CARD: Card = Card {
    name: "bird",
    summary: "Speaks BGP, OSPF and BFD, validates route origins, fills the kernel's routing tables",
    debian: "bird2 2.0.12",
    manual: "https://bird.network.cz/?get_doc&v=20&f=bird.html",
    needs: &["BGP roles: 2.0.11", "automatic RPKI reload: 2.0.8", "allow as sets: 2.0.8"],
};

const TEMPLATES: &[Template] = &[
    Template { name: "bird/bird.conf", text: include_str!("templates/bird.conf.j2") },
    Template { name: "bird/kernel.conf", text: include_str!("templates/kernel.conf.j2") },
    Template { name: "bird/own.conf", text: include_str!("templates/own.conf.j2") },
    Template { name: "bird/igp.conf", text: include_str!("templates/igp.conf.j2") },
    Template { name: "bird/inside.conf", text: include_str!("templates/inside.conf.j2") },
    Template { name: "bird/outside.conf", text: include_str!("templates/outside.conf.j2") },
    Template { name: "bird/filters.conf", text: include_str!("templates/filters.conf.j2") },
];

impl Component for Bird {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        let host = &isp.hosts[host];
        host.managed && host.role.routes()
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

    fn invariants(&self) -> &'static [Invariant] {
        invariants::ALL
    }
}
