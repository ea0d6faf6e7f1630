//! Caddy: serves the files and PHP of services on their hosts, behind the proxies.
//!
//! Debian 12 (caddy 2.6.2, php8.2-fpm). Manual: <https://caddyserver.com/docs/caddyfile>.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, Serve, Service};
use model::{Id, Isp};

/// The web server on the services' hosts.
pub struct Caddy;

const CARD: Card = Card {
    name: "caddy",
    summary: "Serves files and PHP on a service's own host; TLS and names are the proxies'.",
    debian: "caddy 2.6.2",
    manual: "https://caddyserver.com/docs/caddyfile",
    needs: &["trusted proxies for every handler: 2.6.3 (PHP has them in 2.6.2)"],
};

/// Whether Caddy serves it. An application speaks HTTP itself.
fn serves(service: &Service) -> bool {
    match service.serve {
        Serve::Static | Serve::Php => true,
        Serve::App => false,
    }
}

impl Component for Caddy {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool {
        isp.hosts[host].managed && isp.services_on(host).any(serves)
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
        &[Template { name: "caddy/Caddyfile", text: include_str!("templates/Caddyfile.j2") }]
    }
}
