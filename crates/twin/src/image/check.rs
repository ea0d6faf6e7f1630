//! One command with the image's programs, given files, and no network.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Output, Stdio};

use crate::error::{Doing as _, Result};
use crate::image::Image;
use crate::init::check::Task;
use crate::launch::{Life, container};

impl Image {
    /// Runs a command in a throw-away container of this image, after writing the files.
    ///
    /// Paths are absolute; a file keeps the owner and mode that its package gave it. The
    /// container has no interface but the loopback, and nothing survives it.
    pub fn check(&self, files: &BTreeMap<String, Vec<u8>>, command: &[String]) -> Result<Output> {
        let mut child = container(Life::Leashed, &self.site.program, &["check"])
            .arg(&self.folder)
            .arg(self.folder.join("mount"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .doing(|| "start a container to check in".to_owned())?;
        let task = Task { files: files.clone(), command: command.to_vec() };
        let task = serde_json::to_vec(&task).doing(|| "describe what to check".to_owned())?;
        if let Some(mut pipe) = child.stdin.take() {
            pipe.write_all(&task).doing(|| "hand files to the check".to_owned())?;
        }
        child.wait_with_output().doing(|| "wait for the check".to_owned())
    }

    /// Runs a command with the image as it is.
    pub fn run(&self, command: &[String]) -> Result<Output> {
        self.check(&BTreeMap::new(), command)
    }
}
