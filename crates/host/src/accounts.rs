//! Users and groups: read from the host's own files, changed by Debian's own tools.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::files;
use crate::place::{Place, Root};
use crate::run::run;
use crate::store::Store;
use crate::wire::{Accounts, NewGroup, NewUser, Orders, SHUT, Sort, User, UserOrder, UserThen};

const LIMIT: Duration = Duration::from_secs(60);
/// The longest name that `utmp` and the tools can take.
const LONGEST: usize = 32;

/// How users and groups were before a change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Past {
    /// Groups that the change makes.
    groups: Vec<String>,
    /// Users that it makes or changes, as they were.
    users: Vec<PastUser>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PastUser {
    name: String,
    was: Option<User>,
    /// The home directory that is made with it.
    home: Option<String>,
}

impl Past {
    /// Does a user of the change bring this directory?
    pub(crate) fn makes(&self, directory: &str) -> bool {
        let homes = self.users.iter().filter_map(|user| user.home.as_deref());
        homes
            .into_iter()
            .any(|home| home == directory || home.starts_with(&format!("{directory}/")))
    }
}

/// Those of the users and groups asked for that are there.
pub(crate) fn look(
    root: &Root,
    users: &BTreeSet<String>,
    groups: &BTreeSet<String>,
) -> io::Result<Accounts> {
    if users.is_empty() && groups.is_empty() {
        return Ok(Accounts::default());
    }
    let group_lines = files::text(root, "/etc/group")?;
    let number = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let gid = rest.split(':').nth(1)?.parse().ok()?;
        groups.contains(name).then(|| (name.to_owned(), gid))
    };
    let found = group_lines.lines().filter_map(number).collect();
    let passwd = if users.is_empty() { String::new() } else { files::text(root, "/etc/passwd")? };
    let mut seen: BTreeMap<String, User> = BTreeMap::new();
    for (name, user) in passwd.lines().filter_map(user).filter(|(name, _)| users.contains(name)) {
        seen.entry(name).or_insert(user);
    }
    let shadow = if seen.is_empty() { String::new() } else { files::text(root, "/etc/shadow")? };
    for line in shadow.lines() {
        let mut fields = line.split(':');
        let user = fields.next().and_then(|name| seen.get_mut(name));
        if let (Some(user), Some(expires)) = (user, fields.nth(6)) {
            expires.clone_into(&mut user.expires);
        }
    }
    for (group, members) in group_lines.lines().filter_map(members) {
        for member in members.split(',') {
            if let Some(user) = seen.get_mut(member) {
                user.groups.insert(group.to_owned());
            }
        }
    }
    Ok(Accounts { users: seen, groups: found })
}

/// A line of `/etc/passwd`.
fn user(line: &str) -> Option<(String, User)> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, _, comment, home, shell] = fields.as_slice() else { return None };
    let user = User {
        uid: uid.parse().ok()?,
        home: (*home).to_owned(),
        shell: (*shell).to_owned(),
        comment: (*comment).to_owned(),
        ..User::default()
    };
    Some(((*name).to_owned(), user))
}

/// A group and its members, as a line of `/etc/group` has them.
fn members(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once(':')?;
    Some((name, rest.rsplit_once(':')?.1))
}

/// Are these names and texts such that no line and no command can be made of them but the one meant?
pub(crate) fn check(orders: &Orders) -> Result<(), String> {
    for group in &orders.groups {
        check_name(&group.name)?;
    }
    for user in &orders.users {
        check_name(&user.name)?;
        let UserThen::Be(new) = &user.then else { continue };
        new.groups.iter().try_for_each(|group| check_name(group))?;
        for text in [&new.home, &new.shell, &new.comment] {
            if text.contains(|c: char| c == ':' || c.is_control()) {
                return Err(format!("the user {} cannot have {text:?}", user.name));
            }
        }
        if !new.home.starts_with('/') || !new.shell.starts_with('/') {
            return Err(format!("home and shell of the user {} must be paths", user.name));
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    let fine = name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(plain);
    if fine { Ok(()) } else { Err(format!("{name:?} cannot be the name of a user or group")) }
}

/// Orders are made from what was seen; a user that changed since needs new ones.
pub(crate) fn expect_as_planned(root: &Root, orders: &[UserOrder]) -> Result<(), String> {
    let names = orders.iter().map(|order| order.name.clone()).collect();
    let now = look(root, &names, &BTreeSet::new()).map_err(|error| unreadable(&error))?;
    match orders.iter().find(|order| now.users.get(&order.name) != order.was.as_ref()) {
        Some(order) => {
            Err(format!("the user {} changed after the plan was made: plan again", order.name))
        }
        None => Ok(()),
    }
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot read users and groups: {error}")
}

/// How to undo what the orders do.
pub(crate) fn past(root: &Root, orders: &Orders) -> Result<Past, String> {
    let names = orders.groups.iter().map(|group| group.name.clone()).collect();
    let there = look(root, &BTreeSet::new(), &names).map_err(|error| unreadable(&error))?.groups;
    let past = |order: &UserOrder| PastUser {
        name: order.name.clone(),
        was: order.was.clone(),
        home: match &order.then {
            UserThen::Be(new) if order.was.is_none() && makes_home(root, new) => {
                Some(new.home.clone())
            }
            UserThen::Be(_) | UserThen::Shut => None,
        },
    };
    Ok(Past {
        groups: names.into_iter().filter(|name| !there.contains_key(name)).collect(),
        users: orders.users.iter().map(past).collect(),
    })
}

fn makes_home(root: &Root, new: &NewUser) -> bool {
    new.sort == Sort::Person && root.directory(&new.home).is_err()
}

/// Makes the groups and users, and tells what it did.
pub(crate) fn change(
    place: &Place,
    root: &Root,
    store: &Store,
    orders: &Orders,
) -> Result<Vec<String>, String> {
    let mut said = Vec::new();
    if orders.groups.is_empty() && orders.users.is_empty() {
        return Ok(said);
    }
    let tools = Tools::take(place, store)?;
    let names = orders.groups.iter().map(|group| group.name.clone()).collect();
    let there = look(root, &BTreeSet::new(), &names).map_err(|error| unreadable(&error))?.groups;
    for group in orders.groups.iter().filter(|group| !there.contains_key(&group.name)) {
        tools.run("groupadd", &new_group(group), &group.name)?;
        said.push(format!("make the group {}", group.name));
    }
    for order in &orders.users {
        said.push(carry_out(&tools, root, order)?);
    }
    Ok(said)
}

fn new_group(group: &NewGroup) -> Vec<String> {
    group.gid.iter().flat_map(|gid| ["--gid".into(), gid.to_string()]).collect()
}

fn carry_out(tools: &Tools<'_>, root: &Root, order: &UserOrder) -> Result<String, String> {
    let name = &order.name;
    match (&order.then, &order.was) {
        (UserThen::Shut, _) => {
            tools.run("usermod", &words(&["--expiredate", SHUT]), name)?;
            Ok(format!("shut out {name}"))
        }
        (UserThen::Be(new), None) => {
            tools.run("useradd", &new_user(root, name, new)?, name)?;
            Ok(format!("make the user {name}"))
        }
        (UserThen::Be(new), Some(was)) => {
            let wanted = User {
                uid: was.uid,
                home: new.home.clone(),
                shell: new.shell.clone(),
                comment: new.comment.clone(),
                groups: new.groups.clone(),
                expires: String::new(),
            };
            tools.run("usermod", &modified(&wanted, was), name)?;
            Ok(format!("change the user {name}"))
        }
    }
}

fn new_user(root: &Root, name: &str, new: &NewUser) -> Result<Vec<String>, String> {
    let mut said = words(&["--home-dir", &new.home, "--shell", &new.shell]);
    said.extend(words(&["--comment", &new.comment]));
    if let Some(uid) = new.uid {
        said.extend(words(&["--uid", &uid.to_string()]));
    }
    if new.sort == Sort::System {
        said.push("--system".into());
    }
    let home = if makes_home(root, new) { "--create-home" } else { "--no-create-home" };
    said.push(home.into());
    if !new.groups.is_empty() {
        said.extend(words(&["--groups", &joined(&new.groups)]));
    }
    let own = BTreeSet::from([name.to_owned()]);
    let own = look(root, &BTreeSet::new(), &own).map_err(|error| unreadable(&error))?.groups;
    // A group of its name may be there already: useradd would not take it without being told.
    match own.get(name) {
        Some(gid) => said.extend(words(&["--gid", &gid.to_string()])),
        None => said.push("--user-group".into()),
    }
    Ok(said)
}

/// What `usermod` is told to make `now` be as `wanted`: no more than differs, because it refuses some
/// changes of a user who is logged in.
fn modified(wanted: &User, now: &User) -> Vec<String> {
    let all = [
        ("--home", &wanted.home, &now.home),
        ("--shell", &wanted.shell, &now.shell),
        ("--comment", &wanted.comment, &now.comment),
        ("--expiredate", &wanted.expires, &now.expires),
    ];
    let mut said = Vec::new();
    for (option, wanted, _) in all.iter().filter(|(_, wanted, now)| wanted != now) {
        said.extend(words(&[option, wanted]));
    }
    if wanted.groups != now.groups {
        said.extend(words(&["--groups", &joined(&wanted.groups)]));
    }
    said
}

/// Puts users and groups back as they were.
pub(crate) fn undo(place: &Place, root: &Root, store: &Store, past: &Past) -> Vec<String> {
    if past.groups.is_empty() && past.users.is_empty() {
        return Vec::new();
    }
    let users = past.users.iter().map(|user| user.name.clone()).collect();
    // A tool that outlived its executor ends first: only then it is known what it did.
    let ready = Tools::take(place, store).and_then(|tools| {
        let groups = past.groups.iter().cloned().collect();
        Ok((tools, look(root, &users, &groups).map_err(|error| unreadable(&error))?))
    });
    let (tools, now) = match ready {
        Ok(ready) => ready,
        Err(why) => return vec![why],
    };
    let mut troubles = Vec::new();
    for user in past.users.iter().rev() {
        troubles.extend(put_back(&tools, user, now.users.get(&user.name)).err());
    }
    let left = look(root, &BTreeSet::new(), &past.groups.iter().cloned().collect());
    let left = left.map(|left| left.groups).unwrap_or_default();
    for group in past.groups.iter().rev().filter(|group| left.contains_key(*group)) {
        troubles.extend(tools.run("groupdel", &[], group).err());
    }
    troubles
}

fn put_back(tools: &Tools<'_>, past: &PastUser, now: Option<&User>) -> Result<(), String> {
    match (&past.was, now) {
        (None, Some(_)) => {
            // A person who is logged in already must not keep the user.
            let mut said = words(&["--force"]);
            said.extend(past.home.as_ref().map(|_| "--remove".into()));
            tools.run("userdel", &said, &past.name)
        }
        (Some(was), Some(now)) if was != now => {
            tools.run("usermod", &modified(was, now), &past.name)
        }
        (Some(_), Some(_)) | (None, None) => Ok(()),
        (Some(_), None) => Err(format!("the user {} is gone", past.name)),
    }
}

/// Debian's tools, of which one runs at a time.
struct Tools<'a> {
    place: &'a Place,
    /// Every tool inherits it, so that it stays locked while one runs whose executor was killed.
    _at_work: std::os::fd::OwnedFd,
}

impl<'a> Tools<'a> {
    fn take(place: &'a Place, store: &Store) -> Result<Self, String> {
        let at_work = store.wait_for_tools(LIMIT).map_err(|error| error.to_string())?;
        Ok(Self { place, _at_work: at_work })
    }

    fn run(&self, tool: &str, words: &[String], name: &str) -> Result<(), String> {
        let root = self.place.root.to_string_lossy();
        let mut command = vec![tool];
        if root != "/" {
            command.extend(["--prefix", &root]);
        }
        command.extend(words.iter().map(String::as_str));
        command.extend(["--", name]);
        run(self.place, &command, LIMIT).map(|_said| ())
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn joined(groups: &BTreeSet<String>) -> String {
    groups.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}
