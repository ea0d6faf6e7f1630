//! Users, groups and the keys that let operators in: `useradd`, `usermod`, `authorized_keys`.
//!
//! Debian 12 (shadow 4.13, OpenSSH 9.2). Manuals: useradd(8), sshd(8) `AUTHORIZED_KEYS FILE FORMAT`.

mod render;

use component::{Card, Component, HostTree, Template, TemplateError, Templates};
use model::kinds::{Host, On};
use model::{Id, Isp};

/// Users and groups.
pub struct Accounts;

const CARD: Card = Card {
    name: "accounts",
    summary: "Makes users and groups on hosts, and keeps the keys that let operators in.",
    debian: "passwd 4.13",
    manual: "https://manpages.debian.org/bookworm/passwd/useradd.8.en.html",
    needs: &[],
};

impl Component for Accounts {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn runs_on(&self, isp: &Isp, id: Id<Host>) -> bool {
        let host = &isp.hosts[id];
        host.managed
            && (isp.accounts.values().any(|account| On::means(&account.on, id, host))
                || isp.groups.values().any(|group| On::means(&group.on, id, host)))
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
            name: "accounts/authorized_keys",
            text: include_str!("templates/authorized_keys.j2"),
        }]
    }
}
