//! Routinator: validates the RPKI's route origins and hands them to routers (RFC 8210), with the
//! declared `[roa.*]` as local exceptions (SLURM, RFC 8416).
//!
//! Not in Debian 12: the operator installs `NLnet` Labs' package (0.14 or newer), whose unit reads
//! `/etc/routinator/routinator.conf`. Manual: <https://routinator.docs.nlnetlabs.nl>.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, Role, RtrServer};
use model::{Id, Isp};

/// The validating RTR cache.
pub struct Routinator;

const CARD: Card = Card {
    name: "routinator",
    summary: "Validates the RPKI and hands its route origins, and the declared ones, to routers.",
    debian: "not in Debian 12: routinator 0.14 from packages.nlnetlabs.nl",
    manual: "https://routinator.docs.nlnetlabs.nl",
    needs: &["the package of NLnet Labs: Ketupa adds no foreign package source to a host"],
};

impl Component for Routinator {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        let host = &isp.hosts[host];
        host.managed && host.role == Role::Validator && host.rtr == RtrServer::Routinator
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
                name: "routinator/routinator.conf",
                text: include_str!("templates/routinator.conf.j2"),
            },
            Template {
                name: "routinator/slurm.json",
                text: include_str!("templates/slurm.json.j2"),
            },
        ]
    }
}
