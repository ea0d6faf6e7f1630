//! Reads an ISP's directory: its TOML files and the templates that replace built-in ones.

use crate::commands::Error;
use model::source::{MAX_FILE_BYTES, Refused};
use model::{Finding, Isp, Source};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// More files than this are surely not one ISP: a home directory, a file system.
const MAX_FILES: usize = 10_000;

/// Everything that an ISP's directory holds.
pub(crate) struct Directory {
    pub(crate) sources: Vec<Source>,
    pub(crate) templates: BTreeMap<String, String>,
}

/// A directory that declares an ISP without mistakes, or the mistakes.
pub(crate) struct Read {
    pub(crate) directory: Directory,
    pub(crate) isp: Option<Isp>,
    pub(crate) findings: Vec<Finding>,
}

/// Reads and loads a directory.
pub(crate) fn read(path: &Path) -> Result<Read, Error> {
    let directory = directory(path)?;
    let model::Loaded { isp, findings } = model::load(&directory.sources);
    Ok(Read { directory, isp, findings })
}

fn directory(path: &Path) -> Result<Directory, Error> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    let relative = |file: &PathBuf| file.strip_prefix(path).unwrap_or(file).display().to_string();
    let mut directory = Directory { sources: Vec::new(), templates: BTreeMap::new() };
    for file in &files {
        let name = relative(file);
        if let Some(template) = name.strip_prefix("templates/").and_then(|n| n.strip_suffix(".j2"))
        {
            let text = fs::read_to_string(file).map_err(|e| Error::file("read", file, e))?;
            directory.templates.insert(template.to_owned(), text);
        } else if has_extension(file, "toml") {
            directory.sources.push(source(&file.display().to_string(), file));
        }
    }
    Ok(directory)
}

/// One file; what cannot be read is a finding and not the end.
fn source(name: &str, path: &Path) -> Source {
    let limit = MAX_FILE_BYTES as u64 + 1;
    let read = || {
        let file = fs::File::open(path)?;
        let size = file.metadata()?.len();
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>((size, bytes))
    };
    match read() {
        Ok((size, bytes)) if bytes.len() as u64 == limit => {
            Source::refused(name, Refused::TooLarge(size))
        }
        Ok((_, bytes)) => Source::new(name, &bytes),
        Err(error) => Source::refused(name, Refused::Unreadable(error.to_string())),
    }
}

/// The files below a directory. Hidden folders (`.git`) and links to folders are left out.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|e| Error::file("open", folder, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::file("read", folder, e))?;
        let kind = entry.file_type().map_err(|e| Error::file("read", &entry.path(), e))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden {
            collect(&entry.path(), files)?;
        } else if !kind.is_dir() && !hidden && is_ours(&entry.path()) {
            files.push(entry.path());
        }
        if files.len() > MAX_FILES {
            return Err(Error::Message(format!(
                "{}: more than {MAX_FILES} files: is this really the directory of one ISP?",
                folder.display()
            )));
        }
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    has_extension(path, "toml") || has_extension(path, "j2")
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension == wanted)
}
