//! `HAProxy`: the one door to all services: TLS, names, health, and who may come in.
//!
//! Debian 12 (haproxy 2.6). Manuals: configuration.txt and management.txt of
//! <https://docs.haproxy.org/2.6/>; ciphers are Mozilla's "intermediate" list.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, Role};
use model::{Id, Isp};

/// The reverse proxy.
pub struct Haproxy;

const CARD: Card = Card {
    name: "haproxy",
    summary: "Answers for every service by its name, over TLS, from the backends that live.",
    debian: "haproxy 2.6.12",
    manual: "https://docs.haproxy.org/2.6/configuration.html",
    needs: &[],
};

impl Component for Haproxy {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        let host = &isp.hosts[host];
        host.managed && host.role == Role::Proxy
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
                name: "haproxy/haproxy.cfg",
                text: include_str!("templates/haproxy.cfg.j2"),
            },
            Template {
                name: "haproxy/services.map",
                text: include_str!("templates/services.map.j2"),
            },
            Template { name: "haproxy/unit.conf", text: include_str!("templates/unit.conf.j2") },
        ]
    }
}
