//! Decides what becomes of users and groups. A login that was there before Ketupa is never shut out.

use std::fmt::Write as _;

use component::tree::{self, HostTree, UserSort};
use host::wire::{
    Accounts, NewGroup, NewUser, Owned, OwnedUser, SHUT, Sort, User, UserOrder, UserThen,
};

use crate::observe::Observed;
use crate::plan::Plan;

/// Plans groups, users, and what becomes of those that are no longer declared.
pub(crate) fn plan(plan: &mut Plan, desired: &HostTree, observed: &Observed, owned: &Owned) {
    let seen = match &observed.seen.accounts {
        Ok(seen) => seen,
        Err(_)
            if desired.users.is_empty() && desired.groups.is_empty() && owned.users.is_empty() =>
        {
            return;
        }
        Err(why) => return plan.stop("users", why),
    };
    for (name, gid) in &desired.groups {
        match (seen.groups.get(name), gid) {
            (None, gid) => plan.groups.push(NewGroup { name: name.clone(), gid: *gid }),
            (Some(found), Some(gid)) if found != gid => {
                let why = format!("it has the number {found}, not {gid}: files may belong to it");
                plan.stop(&format!("the group {name}"), why);
            }
            (Some(_), _) => {}
        }
    }
    for (name, user) in &desired.users {
        one(plan, name, user, seen.users.get(name));
    }
    let gone = owned.users.iter().filter(|(name, _)| !desired.users.contains_key(*name));
    for (name, ours) in gone {
        match seen.users.get(name) {
            Some(found) if ours.made && found.expires != SHUT => plan.users.push(UserOrder {
                name: name.clone(),
                was: Some(found.clone()),
                then: UserThen::Shut,
            }),
            Some(_) if !ours.made => plan.forgets.push(format!(
                "forget the user {name}, who was there before Ketupa: login and keys stay"
            )),
            Some(_) | None => {}
        }
    }
}

fn one(plan: &mut Plan, name: &str, user: &tree::User, found: Option<&User>) {
    if let (Some(found), Some(uid)) = (found, user.uid)
        && found.uid != uid
    {
        let why = format!("it has the number {}, not {uid}: files may belong to it", found.uid);
        return plan.stop(&format!("the user {name}"), why);
    }
    if found.is_none_or(|found| differs(user, found)) {
        let then = UserThen::Be(NewUser {
            uid: user.uid,
            home: user.home.clone(),
            shell: user.shell.clone(),
            comment: comment(user, found).to_owned(),
            groups: user.groups.clone(),
            sort: match user.sort {
                UserSort::Person => Sort::Person,
                UserSort::System => Sort::System,
            },
        });
        plan.users.push(UserOrder { name: name.to_owned(), was: found.cloned(), then });
    }
}

/// The declared comment, or the one that is there.
fn comment<'a>(user: &'a tree::User, found: Option<&'a User>) -> &'a str {
    user.comment.as_deref().unwrap_or_else(|| found.map_or("", |found| found.comment.as_str()))
}

fn differs(user: &tree::User, found: &User) -> bool {
    (&user.home, &user.shell, &user.groups) != (&found.home, &found.shell, &found.groups)
        || comment(user, Some(found)) != found.comment
        || !found.expires.is_empty()
}

/// Whose they are once the plan is carried out: who was shut out stays known as somebody we made.
pub(crate) fn to_own(
    desired: &HostTree,
    seen: &Accounts,
    before: &Owned,
) -> impl Iterator<Item = (String, OwnedUser)> {
    let made = |name: &str| match before.users.get(name) {
        Some(owned) => owned.made || !seen.users.contains_key(name),
        None => !seen.users.contains_key(name),
    };
    let wanted = desired.users.iter().map(move |(name, user)| {
        (name.clone(), OwnedUser { made: made(name), home: user.home.clone() })
    });
    let shut = before.users.iter().filter(|(name, owned)| {
        owned.made && !desired.users.contains_key(*name) && seen.users.contains_key(*name)
    });
    wanted.chain(shut.map(|(name, owned)| (name.clone(), owned.clone())))
}

/// Is this the key file of a login that was there before Ketupa and is forgotten now?
pub(crate) fn is_forgotten(path: &str, desired: &HostTree, owned: &Owned) -> bool {
    let forgotten = |(name, user): (&String, &OwnedUser)| {
        !user.made && !desired.users.contains_key(name) && path == keys(&user.home)
    };
    owned.users.iter().any(forgotten)
}

/// Where a user's keys are.
pub(crate) fn keys(home: &str) -> String {
    format!("{home}/.ssh/authorized_keys")
}

/// Can a change of this user cut off whoever logs in as it?
pub(crate) fn cuts_off(order: &UserOrder) -> bool {
    order.was.is_some()
}

pub(crate) fn group_line(group: &NewGroup) -> String {
    let number = group.gid.map(|gid| format!(" with the number {gid}")).unwrap_or_default();
    format!("make the group {}{number}", group.name)
}

pub(crate) fn user_line(order: &UserOrder) -> String {
    let name = &order.name;
    match (&order.then, &order.was) {
        (UserThen::Shut, was) => {
            let home = was.as_ref().map_or("its home", |was| was.home.as_str());
            format!("shut out the user {name}, no longer declared: no login any more, {home} stays")
        }
        (UserThen::Be(new), None) => {
            let uid = new.uid.map(|uid| format!("{uid}, ")).unwrap_or_default();
            let mut line = format!("make the user {name} ({uid}{}, {}", new.home, new.shell);
            if !new.groups.is_empty() {
                let _ok = write!(line, ", in {}", listed(&new.groups.iter().collect::<Vec<_>>()));
            }
            line + ")"
        }
        (UserThen::Be(new), Some(was)) => {
            format!("change the user {name}: {}", differences(new, was).join(", "))
        }
    }
}

fn differences(new: &NewUser, was: &User) -> Vec<String> {
    let mut said: Vec<String> = [
        ("home", &was.home, &new.home),
        ("shell", &was.shell, &new.shell),
        ("comment", &was.comment, &new.comment),
    ]
    .iter()
    .filter(|(_, old, new)| old != new)
    .map(|(what, old, new)| format!("{what} {old:?} -> {new:?}"))
    .collect();
    let joins: Vec<&String> = new.groups.difference(&was.groups).collect();
    let leaves: Vec<&String> = was.groups.difference(&new.groups).collect();
    if !joins.is_empty() {
        said.push(format!("joins {}", listed(&joins)));
    }
    if !leaves.is_empty() {
        said.push(format!("leaves {}", listed(&leaves)));
    }
    if !was.expires.is_empty() {
        said.push("may log in again".into());
    }
    said
}

fn listed(names: &[&String]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}
