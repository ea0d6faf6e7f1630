//! From the declared packages and repositories to those of one host.

use component::{File, HostTree, TemplateError, Templates};
use model::kinds::{Host, On};
use model::{Id, Isp};
use serde::Serialize;

/// What the template asks for.
#[derive(Serialize)]
struct Context<'a> {
    url: &'a str,
    suite: &'a str,
    components: Vec<&'a str>,
    key: &'a str,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let host = &isp.hosts[id];
    let mut tree = HostTree::default();
    for package in isp.packages.values().filter(|package| On::means(&package.on, id, host)) {
        let name = package.package.0.clone();
        if let Some(version) = &package.version {
            tree.versions.insert(name.clone(), version.0.clone());
        }
        if package.hold {
            tree.held.insert(name.clone());
        }
        tree.packages.insert(name);
    }
    for one in isp.repositories.values().filter(|one| On::means(&one.on, id, host)) {
        let key = format!("/etc/apt/keyrings/ketupa-{}.asc", one.name);
        let context = Context {
            url: &one.url.0,
            suite: &one.suite.0,
            components: one.components.iter().map(|word| word.0.as_str()).collect(),
            key: &key,
        };
        let text = templates.render("apt/repository.sources", &context)?;
        let path = format!("/etc/apt/sources.list.d/ketupa-{}.sources", one.name);
        tree.files.insert(path, File::public(text));
        tree.files.insert(key, File::public(one.key.0.clone()));
    }
    Ok(tree)
}
