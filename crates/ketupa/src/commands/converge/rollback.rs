//! `ketupa rollback`: what was declared at an earlier commit, planned, shown and applied like anything else.

use super::git::Repository;
use super::origin::short;
use super::{apply, ready_as};
use crate::cli::converge::Rollback;
use crate::commands::{End, Error};
use crate::screen::Screen;
use converge::Revision;
use machine::Rights;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &Rollback, screen: &mut Screen) -> Result<End, Error> {
    apply::can_ask(&args.how)?;
    let directory = &args.reach.place.dir;
    std::fs::metadata(directory).map_err(|error| Error::file("open", directory, error))?;
    let at = directory.display();
    let repository = Repository::of(directory).map_err(|why| {
        let hint = "an earlier state is known where the directory is in a git repository";
        Error::Message(format!("{at} has no history here: {why}\n{hint}"))
    })?;
    let commit = repository.commit(&args.to).map_err(|why| {
        let hint = "`git log` shows what there is, `ketupa history` what hosts had";
        Error::Usage(format!("there is no commit `{}` in {at}: {why}\n{hint}", args.to))
    })?;
    if !repository.has(&commit) {
        let says = format!("at commit {} there was no {at} yet", short(&commit));
        return Err(Error::Usage(says));
    }
    let folder = Private::make()?;
    let tree = folder.0.join("tree");
    std::fs::create_dir(&tree).map_err(|error| Error::file("create", &tree, error))?;
    repository.lay(&commit, &tree).map_err(|why| {
        Error::Message(format!("cannot write down {at} as of {}: {why}", short(&commit)))
    })?;
    let called = PathBuf::from(format!("{at}@{}", short(&commit)));
    let Some(ready) = ready_as(&tree, &called, (&args.reach, Rights::Change), screen)? else {
        let says = format!("what was declared at commit {} does not hold today", short(&commit));
        screen.say(format!("{says}: nothing was changed"));
        return Ok(End::Wrong);
    };
    apply::carry_out(&ready, &args.how, Revision::Commit(commit), screen)
}

/// A folder that only this user can look into, gone when it is over.
struct Private(PathBuf);

impl Private {
    fn make() -> Result<Self, Error> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let unique = since.map_or(0, |since| since.as_nanos());
        let name = format!("ketupa-rollback-{}-{unique}", std::process::id());
        let path = std::env::temp_dir().join(name);
        // One that is there already is somebody else's, and an error.
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| Error::file("create", &path, error))?;
        Ok(Self(path))
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(Path::new(&self.0));
    }
}
