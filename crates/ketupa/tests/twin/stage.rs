//! A network that lives for one story: declared, brought up by the program, asked, taken down.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use model::Isp;
use model::ask::Family;
use rehearse::Rehearsal;
use twin::{Site, Twin};

/// The program as people run it.
pub(crate) const KETUPA: &str = env!("CARGO_BIN_EXE_ketupa");
/// The day on which the stories play, so that no waiver and no renewal makes them old.
const TODAY: &str = "2022-01-09";

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program as a person does.
pub(crate) fn ketupa(words: &[&str]) -> Said {
    let output = Command::new(KETUPA).args(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// A directory that declares an ISP, which a story may change.
pub(crate) struct Declared {
    folder: PathBuf,
    name: String,
}

impl Declared {
    /// A copy of one of the repository's examples, for the story of this name.
    pub(crate) fn example(example: &str, story: &str) -> Self {
        Self::copy(&testkit::example(example), story)
    }

    /// A copy of a directory.
    pub(crate) fn copy(folder: &Path, story: &str) -> Self {
        let declared = Self::nothing(story);
        copy(folder, &declared.folder);
        declared
    }

    /// An ISP in one text.
    pub(crate) fn text(text: &str, story: &str) -> Self {
        let declared = Self::nothing(story);
        declared.write("isp.toml", text);
        declared
    }

    fn nothing(story: &str) -> Self {
        let name = format!("story-{story}-{}", std::process::id());
        let folder = std::env::temp_dir().join(&name);
        fs::create_dir_all(&folder).unwrap();
        Self { folder, name }
    }

    /// Adds or replaces a file.
    pub(crate) fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.join(file), text).unwrap();
    }

    /// Changes a file in one place, as an editor does.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.folder.join(file)).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from} in {file}");
        self.write(file, &text.replace(from, to));
    }

    /// Lays the files of another directory over it.
    pub(crate) fn overlay(&self, folder: &Path) {
        copy(folder, &self.folder);
    }

    /// Lets its neighbours announce nothing but what is declared by name.
    pub(crate) fn without_generated_routes(&self) {
        for entry in fs::read_dir(self.folder.join("neighbors")).unwrap().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap();
            let kept = text.lines().filter(|line| !line.starts_with("routes "));
            fs::write(entry.path(), kept.flat_map(|line| [line, "\n"]).collect::<String>())
                .unwrap();
        }
    }

    pub(crate) fn folder(&self) -> &str {
        self.folder.to_str().unwrap()
    }

    pub(crate) fn isp(&self) -> Isp {
        testkit::isp(&self.folder)
    }

    /// Brings it up and waits until every session is established and every service answers.
    pub(crate) fn up(self) -> Living {
        self.raise(&[], |said| said.code == 0)
    }

    /// The same with agents on its hosts.
    pub(crate) fn up_with_agents(self) -> Living {
        self.raise(&["--agents"], |said| said.code == 0)
    }

    /// The same for a network in which services need not be reached from everywhere.
    pub(crate) fn up_to_its_sessions(self) -> Living {
        self.raise(&[], |said| said.code == 0 || said.err.contains("\nerror: service "))
    }

    fn raise(self, more: &[&str], is_up: impl Fn(&Said) -> bool) -> Living {
        let said = self.twin_with("up", more);
        // From here on there is something to take down, also when the next line fails.
        let isp = self.isp();
        let mut living = Living { declared: self, isp, rehearsal: None };
        assert!(is_up(&said), "{}{}", said.out, said.err);
        living.rehearsal = Some(Rehearsal::open(&living.declared.name).unwrap());
        living
    }

    /// `ketupa VERB` of this directory.
    pub(crate) fn ketupa(&self, verb: &str) -> Said {
        ketupa(&[verb, self.folder(), "--today", TODAY])
    }

    /// What a proof finds for a property: the name of the first one.
    pub(crate) fn finding(&self, code: &str) -> String {
        let said = ketupa(&["prove", self.folder(), "--failures", "1", "--today", TODAY]);
        let words = said.out.split_whitespace();
        let mut found =
            words.filter(|word| word.strip_prefix(code).is_some_and(|rest| rest.starts_with('-')));
        let found = found.next_back().map(str::to_owned);
        found.unwrap_or_else(|| panic!("no {code}: {}{}", said.out, said.err))
    }

    /// `ketupa twin replay` of a finding.
    pub(crate) fn replay(&self, finding: &str) -> Said {
        ketupa(&["twin", "replay", finding, self.folder(), "--name", &self.name])
    }

    /// `ketupa twin up` or `apply` of this directory.
    pub(crate) fn twin(&self, verb: &str) -> Said {
        self.twin_with(verb, &[])
    }

    fn twin_with(&self, verb: &str, more: &[&str]) -> Said {
        let words = ["twin", verb, self.folder(), "--name", &self.name, "--today", TODAY];
        ketupa(&[&words, more].concat())
    }
}

impl Drop for Declared {
    fn drop(&mut self) {
        let cleared = Twin::clear(&Site::with(KETUPA), &self.name);
        let removed = fs::remove_dir_all(&self.folder);
        if !std::thread::panicking() {
            cleared.unwrap();
            removed.unwrap();
        }
    }
}

/// A network that is up.
pub(crate) struct Living {
    pub(crate) declared: Declared,
    pub(crate) isp: Isp,
    rehearsal: Option<Rehearsal>,
}

impl Living {
    pub(crate) fn rehearsal(&self) -> &Rehearsal {
        self.rehearsal.as_ref().unwrap()
    }

    pub(crate) fn twin(&self) -> &Twin {
        self.rehearsal().twin()
    }

    /// What a command in a host prints; it must succeed.
    pub(crate) fn says(&self, host: &str, command: &str) -> String {
        let (code, text) = self.tries(host, command);
        assert_eq!(code, 0, "{host}: {command}: {text}");
        text
    }

    /// The exit code of a command in a host, and all it prints.
    pub(crate) fn tries(&self, host: &str, command: &str) -> (i32, String) {
        let command = format!("exec 2>&1; {command}");
        let output = self.twin().exec(host, &["timeout", "60", "sh", "-c", &command]).unwrap();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// `ketupa twin VERB --name THIS ...`.
    pub(crate) fn ketupa(&self, verb: &str, words: &[&str]) -> Said {
        ketupa(&[&["twin", verb, "--name", &self.declared.name], words].concat())
    }

    /// The main address of one of our hosts.
    pub(crate) fn address(&self, host: &str, family: Family) -> String {
        let host = &self.isp.hosts[self.isp.hosts.find(host).unwrap()];
        host.main_address(&self.isp, family).unwrap().to_string()
    }
}

/// Waits for something that takes a moment; says what it waited for in vain.
pub(crate) fn soon<T>(seconds: u64, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(why) => assert!(Instant::now() < end, "not within {seconds} s: {why}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
