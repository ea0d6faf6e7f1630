//! Packages beyond those of other components, their versions and holds, and repositories besides Debian's.
//!
//! Debian 12 (apt 2.6). Manuals: sources.list(5) `DEB822-STYLE FORMAT`, apt-mark(8).

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, On};
use model::{Id, Isp};

/// Debian packages and where they come from.
pub struct Apt;

const CARD: Card = Card {
    name: "apt",
    summary: "Installs packages, keeps their versions, and adds repositories with their keys.",
    debian: "apt 2.6",
    manual: "https://manpages.debian.org/bookworm/apt/sources.list.5.en.html",
    needs: &[],
};

impl Component for Apt {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, id: Id<Host>) -> bool {
        let host = &isp.hosts[id];
        host.managed
            && (isp.packages.values().any(|package| On::means(&package.on, id, host))
                || isp.repositories.values().any(|one| On::means(&one.on, id, host)))
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
        &[Template {
            name: "apt/repository.sources",
            text: include_str!("templates/repository.sources.j2"),
        }]
    }
}
