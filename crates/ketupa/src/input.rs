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
/// More folders and other files than this are not looked through.
const MAX_ENTRIES: usize = 200_000;
/// All files together may not be larger than this, so that memory stays bounded.
const MAX_TOTAL_BYTES: usize = 4 * MAX_FILE_BYTES;

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
    read_as(path, path)
}

/// The same, where people know the directory by another name.
pub(crate) fn read_as(path: &Path, called: &Path) -> Result<Read, Error> {
    let directory = directory(path, called)?;
    let model::Loaded { isp, findings } = model::load(&directory.sources);
    Ok(Read { directory, isp, findings })
}

fn directory(path: &Path, called: &Path) -> Result<Directory, Error> {
    if let Some(wrong) = no_directory(path) {
        return Err(wrong);
    }
    let mut files = Vec::new();
    collect(path, &mut files, &mut 0)?;
    files.sort();
    let relative = |file: &PathBuf| shown(file.strip_prefix(path).unwrap_or(file));
    let mut left = MAX_TOTAL_BYTES;
    let mut directory = Directory { sources: Vec::new(), templates: BTreeMap::new() };
    for file in &files {
        let name = relative(file);
        if let Some(template) = name.strip_prefix("templates/").and_then(|n| n.strip_suffix(".j2"))
        {
            let text = text(file, left)?;
            left = left.saturating_sub(text.len());
            directory.templates.insert(template.to_owned(), text);
        } else if has_extension(file, "toml") {
            let source = source(&shown(&called.join(&name)), file, left);
            left = left.saturating_sub(source.text.len());
            directory.sources.push(source);
        }
    }
    Ok(directory)
}

/// What is given in the place of a directory most often: one of its files, or a name that is not there.
fn no_directory(path: &Path) -> Option<Error> {
    let hint = match fs::metadata(path) {
        Ok(about) if about.is_file() => "give the directory that holds it",
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "give the directory that holds the *.toml files of the ISP"
        }
        Ok(_) | Err(_) => return None,
    };
    let error = fs::read_dir(path).err()?;
    Some(Error::Message(format!("cannot open {}: {error}; {hint}", shown(path))))
}

/// One file; what cannot be read is a finding and not the end.
fn source(name: &str, path: &Path, left: usize) -> Source {
    match bytes(path) {
        Ok((size, bytes)) if bytes.len() > MAX_FILE_BYTES => {
            Source::refused(name, Refused::TooLarge(size))
        }
        Ok((_, bytes)) if bytes.len() > left => {
            let says = format!("at most {MAX_TOTAL_BYTES} bytes of all files together are read");
            Source::refused(name, Refused::Unreadable(says))
        }
        Ok((_, bytes)) => Source::new(name, &bytes),
        Err(error) => Source::refused(name, Refused::Unreadable(error.to_string())),
    }
}

/// A template's text.
fn text(path: &Path, left: usize) -> Result<String, Error> {
    let refuse = |why: &str| Error::file("read", path, std::io::Error::other(why.to_owned()));
    let (_, bytes) = bytes(path).map_err(|e| Error::file("read", path, e))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(refuse("it is too large for a template"));
    }
    if bytes.len() > left {
        return Err(refuse("all files together are too large"));
    }
    String::from_utf8(bytes).map_err(|_| refuse("it is not valid UTF-8"))
}

/// The size of a file and its first bytes: one more than are taken. Pipes and devices are never
/// opened: to open one can wait for ever.
fn bytes(path: &Path) -> std::io::Result<(u64, Vec<u8>)> {
    let about = fs::metadata(path)?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok((about.len(), bytes))
}

/// A path as it may be printed: control characters in a name could drive the terminal.
fn shown(path: &Path) -> String {
    path.display().to_string().replace(char::is_control, "\u{fffd}")
}

/// The files below a directory. Hidden folders (`.git`) and links to folders are left out.
fn collect(folder: &Path, files: &mut Vec<PathBuf>, seen: &mut usize) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|e| Error::file("open", folder, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| Error::file("read", folder, e))?;
        let kind = entry.file_type().map_err(|e| Error::file("read", &entry.path(), e))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden {
            collect(&entry.path(), files, seen)?;
        } else if !kind.is_dir() && !hidden && is_ours(&entry.path()) {
            files.push(entry.path());
        }
        *seen += 1;
        if files.len() > MAX_FILES || *seen > MAX_ENTRIES {
            return Err(Error::Message(format!(
                "{}: more than {MAX_FILES} files: is this really the directory of one ISP?",
                shown(folder)
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
