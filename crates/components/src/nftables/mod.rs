//! nftables: what each host lets in and lets through.
//!
//! Debian 12: nftables 1.0.6. Manual: <https://wiki.nftables.org> and `nft(8)`. The rules follow
//! from the roles, the sessions, the services and the declared zones and groups: `derive::packet` makes
//! them as plain data, `text` writes them.

mod render;
mod text;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::Host;
use model::{Id, Isp};

/// The packet filter.
#[derive(Debug, Clone, Copy)]
pub struct Nftables;

const CARD: Card = Card {
    name: "nftables",
    summary: "Lets in and through what was declared, and counts what it drops.",
    debian: "nftables 1.0.6",
    manual: "https://wiki.nftables.org",
    needs: &[],
};

const TEMPLATES: &[Template] = &[Template {
    name: "nftables/nftables.conf",
    text: include_str!("templates/nftables.conf.j2"),
}];

impl Component for Nftables {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        isp.hosts[host].managed
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
