//! The list of known disks, kept in a file over starts of the agent and over power cuts.

use super::Disk;
use crate::tree::{Trouble, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Known disks, by what each is known by.
pub(super) type Known = BTreeMap<String, Disk>;

/// Where the list is kept, and what stands there.
#[derive(Debug)]
pub(super) struct List {
    file: Option<PathBuf>,
    kept: String,
}

impl List {
    /// The list, and the disks in it if there is one yet. What is no list, such as an empty file,
    /// is put aside. One that cannot be read is left as it is: nothing is written over it.
    pub(super) fn open(file: Option<PathBuf>) -> (Self, Option<Known>, Option<Trouble>) {
        let list = |file| Self { file, kept: String::new() };
        let Some(path) = &file else { return (list(None), None, None) };
        match read(path) {
            Ok(known) => (list(file), known, None),
            Err(Trouble::Strange(place, what)) => {
                let trouble = aside(path).err().unwrap_or(Trouble::Strange(place, what));
                (list(file), None, Some(trouble))
            }
            Err(trouble) => (list(None), None, Some(trouble)),
        }
    }

    /// Writes the known disks beside the file and puts them in its place. All of it is on the disk
    /// before it is: neither a crash nor a power cut leaves half a list or an empty one.
    pub(super) fn keep(&mut self, known: &Known) -> Result<(), Trouble> {
        let Some(file) = &self.file else { return Ok(()) };
        let disks: Vec<Value> = known.values().map(Disk::to_json).collect();
        let text = format!("{:#}\n", json!({ "disks": disks }));
        if text == self.kept {
            return Ok(());
        }
        write(file, &text).map_err(|error| Trouble::Write(file.clone(), error))?;
        self.kept = text;
        Ok(())
    }
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut new = File::create(&beside)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()?;
    std::fs::rename(&beside, file)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Puts a file aside that is no list, for whoever wants to know what became of it.
fn aside(file: &Path) -> Result<(), Trouble> {
    std::fs::rename(file, file.with_extension("bad"))
        .map_err(|error| Trouble::Write(file.to_owned(), error))
}

/// The disks of a list; nothing if there is no list yet.
fn read(file: &Path) -> Result<Option<Known>, Trouble> {
    let text = match text(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Trouble::Read(file.to_owned(), error)),
    };
    let strange =
        || Trouble::Strange("the list of known disks", "no JSON, or not that of disks: put aside");
    let value: Value = serde_json::from_str(&text).map_err(|_| strange())?;
    let disks = value.get("disks").and_then(Value::as_array).ok_or_else(strange)?;
    let mut known = Known::new();
    for disk in disks {
        let disk = Disk::from_json(disk).ok_or_else(strange)?;
        if let Some(key) = disk.key() {
            known.insert(key.to_owned(), disk.clone());
        }
    }
    Ok(Some(known))
}
