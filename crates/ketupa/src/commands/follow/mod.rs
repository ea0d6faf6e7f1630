//! `ketupa follow`: looks at what is new in a repository, and tells its forge.
#![expect(clippy::disallowed_methods, reason = "keeps what it looked at in a file")]

mod look;
mod seen;

use std::path::Path;

use converge::{Keys, Vault as _};
use forge::{Change, Forge, Kind, Mirror, State, Status, Trouble};

use self::look::{Look, Looked};
use self::seen::Seen;
use super::{End, Error};
use crate::cli::follow::{Follow, ForgeKind, Merged};
use crate::screen::Screen;

/// One round.
struct Round<'a> {
    args: &'a Follow,
    forge: Option<Forge>,
    mirror: Mirror,
    seen: Seen,
    end: End,
}

pub(crate) fn run(args: &Follow, screen: &mut Screen) -> Result<End, Error> {
    let made = std::fs::create_dir_all(&args.state);
    made.map_err(|error| Error::file("make", &args.state, error))?;
    let _alone = seen::lock(&args.state)?;
    let seen = Seen::read(&args.state)?;
    let forge = forge(args)?;
    let refs = forge.as_ref().map(|forge| forge.kind.refs());
    let folder = args.state.join("mirror.git");
    let mirror = Mirror::fetch(&folder, &args.repository, &args.branch, refs).map_err(trouble)?;
    let mut round = Round { args, forge, mirror, seen, end: End::Well };
    round.branch(screen)?;
    round.changes(screen)?;
    Ok(round.end)
}

fn trouble(trouble: Trouble) -> Error {
    Error::Message(trouble.0)
}

fn forge(args: &Follow) -> Result<Option<Forge>, Error> {
    let (Some(kind), Some(url), Some(project), Some(token)) =
        (args.forge, &args.url, &args.project, &args.token)
    else {
        return Ok(None);
    };
    let kind = match kind {
        ForgeKind::Gitlab => Kind::Gitlab,
        ForgeKind::Forgejo => Kind::Forgejo,
    };
    let keys = Keys::new(args.access.identity.clone());
    let token = keys.reveal(token).map_err(|error| Error::Message(error.to_string()))?;
    let url = url.trim_end_matches('/').to_owned();
    Ok(Some(Forge { kind, url, project: project.clone(), token: token.trim().to_owned() }))
}

impl Round<'_> {
    /// A new commit on the branch, which is declared to be true.
    fn branch(&mut self, screen: &mut Screen) -> Result<(), Error> {
        let head = self.mirror.head().map_err(trouble)?;
        if self.seen.branch.as_deref() == Some(&*head) {
            return Ok(());
        }
        let checkout = self.mirror.checkout(&head).map_err(trouble)?;
        let look = Look { dir: checkout.path().join(&self.args.directory), args: self.args };
        let mut looked = vec![look.check(), look.prove()];
        if self.args.merged >= Merged::Plan && looked.iter().all(Looked::well) {
            looked.push(if self.args.merged == Merged::Apply { look.apply() } else { look.plan() });
        }
        self.tell(&head, &self.args.branch, &looked, screen)?;
        // What did not reach the hosts is tried again in the next round; what is wrong in itself is not.
        if looked.iter().all(|one| one.well() || !one.reaches_hosts()) {
            self.seen.branch = Some(head);
        }
        self.seen.write(&self.args.state)
    }

    /// New commits in changes that wait for review: strangers may have written them.
    fn changes(&mut self, screen: &mut Screen) -> Result<(), Error> {
        let Some(forge) = self.forge.clone() else { return Ok(()) };
        let open = forge.changes(&self.args.branch).map_err(trouble)?;
        for change in &open {
            if !self.seen.is_new(change) {
                continue;
            }
            // Others wait, too; this one is looked at again in the next round.
            if let Err(error) = self.change(&forge, change, screen) {
                screen.say(format!("change {}: {error}", change.number));
                self.end = End::Broken;
            }
            self.seen.write(&self.args.state)?;
        }
        self.seen.forget_all_but(&open);
        self.seen.write(&self.args.state)
    }

    fn change(&mut self, forge: &Forge, change: &Change, screen: &mut Screen) -> Result<(), Error> {
        let base = self.mirror.base(&change.commit).map_err(trouble)?;
        let before = self.mirror.checkout(&base).map_err(trouble)?;
        let after = self.mirror.checkout(&change.commit).map_err(trouble)?;
        let look = Look { dir: after.path().join(&self.args.directory), args: self.args };
        let mut looked = vec![look.check()];
        if looked.iter().all(Looked::well) {
            looked.push(look.prove());
            looked.push(look.diff(&before.path().join(&self.args.directory)));
        }
        self.tell(&change.commit, &format!("change {}", change.number), &looked, screen)?;
        let text = look::report(&looked, &[before.path(), after.path()]);
        let earlier = self.seen.comment(change.number);
        let comment = forge.comment(change.number, &text, earlier).map_err(trouble)?;
        self.seen.remember(change, comment);
        Ok(())
    }

    /// Says it here and, if there is one, to the forge.
    fn tell(
        &mut self,
        commit: &str,
        what: &str,
        looked: &[Looked],
        screen: &mut Screen,
    ) -> Result<(), Error> {
        for one in looked {
            let word = match one.state {
                State::Success => "well",
                State::Failure => "not well",
                State::Error => "could not be done",
            };
            let short: String = commit.chars().take(12).collect();
            screen.line(format!("{what} {short}: {} {word}: {}", one.name, one.line))?;
            if one.state != State::Success && self.end == End::Well {
                self.end = End::Wrong;
            }
            let Some(forge) = &self.forge else { continue };
            let status = Status {
                context: format!("ketupa/{}", one.name),
                state: one.state,
                description: one.line.clone(),
                link: self.args.link.clone(),
            };
            forge.tell(commit, &status).map_err(trouble)?;
        }
        Ok(())
    }
}

/// Where the program that is asked to look is: this one.
fn here() -> Result<std::path::PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))
}

/// A text without the places of checkouts, which say nothing to anybody.
fn without(text: &str, folders: &[&Path]) -> String {
    folders.iter().fold(text.to_owned(), |text, folder| {
        let folder = folder.display().to_string();
        text.replace(&format!("{folder}/./"), "").replace(&format!("{folder}/"), "")
    })
}
