//! From the declared accounts and groups to those of one host.

use component::{Directory, File, HostTree, TemplateError, Templates, User, UserSort};
use model::kinds::{Account, Host, On};
use model::{Id, Isp};
use serde::Serialize;

/// What the template asks for.
#[derive(Serialize)]
struct Context<'a> {
    keys: Vec<&'a str>,
}

pub(super) fn tree(
    isp: &Isp,
    id: Id<Host>,
    templates: &Templates,
) -> Result<HostTree, TemplateError> {
    let host = &isp.hosts[id];
    let mut tree = HostTree::default();
    let groups = isp.groups.values().filter(|group| On::means(&group.on, id, host));
    tree.groups = groups.map(|group| (group.name.clone(), group.gid)).collect();
    for account in isp.accounts.values().filter(|account| On::means(&account.on, id, host)) {
        tree.users.insert(account.name.clone(), user(account));
        if !account.keys.is_empty() {
            keys(&mut tree, account, templates)?;
        }
    }
    Ok(tree)
}

fn user(account: &Account) -> User {
    // The fields of a line of /etc/passwd end at a colon.
    let comment = account.description.as_ref().map(|text| text.replace(':', ","));
    User {
        uid: account.uid,
        home: account.home.0.clone(),
        shell: account.shell.0.clone(),
        comment,
        groups: account.groups.iter().map(|group| group.0.clone()).collect(),
        sort: if account.system { UserSort::System } else { UserSort::Person },
    }
}

fn keys(
    tree: &mut HostTree,
    account: &Account,
    templates: &Templates,
) -> Result<(), TemplateError> {
    let context = Context { keys: account.keys.iter().map(|key| key.0.as_str()).collect() };
    let text = templates.render("accounts/authorized_keys", &context)?;
    let (owner, group) = (account.name.clone(), account.name.clone());
    let directory = format!("{}/.ssh", account.home.0);
    let path = format!("{directory}/authorized_keys");
    let file = File { text, mode: 0o600, owner: owner.clone(), group: group.clone() };
    tree.directories.insert(directory, Directory { mode: 0o700, owner, group });
    tree.ways_in.insert(path.clone());
    tree.files.insert(path, file);
    Ok(())
}
