//! `ketupa map`: the network as a picture.

use super::{End, Error};
use crate::cli::Map;
use crate::input;
use crate::screen::{Screen, counted};

pub(crate) fn run(args: &Map, screen: &mut Screen) -> Result<End, Error> {
    let read = input::read(&args.place.dir)?;
    let Some(isp) = read.isp else {
        screen.findings(&read.findings, &read.directory.sources)?;
        screen.say(counted(&read.findings));
        return Ok(End::Wrong);
    };
    let picture = map::svg(&isp, &map::Colours::default());
    match &args.output {
        None => screen.text(&picture)?,
        Some(path) => std::fs::write(path, picture).map_err(|e| Error::file("write", path, e))?,
    }
    Ok(End::Well)
}
