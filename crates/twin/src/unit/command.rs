//! One command of a unit: `ExecStart=-/usr/sbin/x --flag $ARGS` and its prefixes.

use crate::unit::words;

/// A command as written: specifiers are replaced, variables are not yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exec {
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
    /// The characters before the program.
    prefixes: String,
}

impl Exec {
    /// Its failure does not matter.
    pub(crate) fn may_fail(&self) -> bool {
        self.prefixes.contains('-')
    }

    /// It runs as root whatever the unit says.
    pub(crate) fn runs_as_root(&self) -> bool {
        self.prefixes.contains(['+', '!'])
    }

    /// The second word is what the program is told it is called.
    pub(crate) fn is_renamed(&self) -> bool {
        self.prefixes.contains('@')
    }

    /// Variables are not replaced.
    pub(crate) fn is_literal(&self) -> bool {
        self.prefixes.contains(':')
    }
}

/// The commands in one assignment; `;` separates several.
pub(crate) fn parse(value: &str, unit: &str) -> Vec<Exec> {
    let all = words::split(&keep_semicolons(value)).unwrap_or_default();
    let commands = all.split(|word| word == ";").filter(|words| !words.is_empty());
    commands.map(|words| command(words, unit)).filter(|exec| !exec.words.is_empty()).collect()
}

/// `\;` is a word of its own that separates nothing; the splitter would not know it.
fn keep_semicolons(value: &str) -> String {
    value.replace(" \\; ", " \u{1}; ")
}

fn command(words: &[String], unit: &str) -> Exec {
    let mut exec = Exec::default();
    let [first, rest @ ..] = words else { return exec };
    let program = first.trim_start_matches(['-', '@', ':', '+', '!']);
    first.strip_suffix(program).unwrap_or_default().clone_into(&mut exec.prefixes);
    exec.words.push(words::specify(program, unit));
    exec.words.extend(rest.iter().map(|w| words::specify(&w.replace('\u{1}', ""), unit)));
    exec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_not_part_of_the_program() {
        let exec = parse("-+/bin/sh -c 'exit 1'", "a.service").remove(0);
        assert_eq!(exec.words, ["/bin/sh", "-c", "exit 1"]);
        assert!(exec.may_fail() && exec.runs_as_root() && !exec.is_renamed() && !exec.is_literal());
        let exec = parse("@/bin/sleep nap 5", "a.service").remove(0);
        assert!(exec.is_renamed());
        assert!(parse(":/bin/echo $x", "a.service").remove(0).is_literal());
    }

    #[test]
    fn a_semicolon_word_separates_commands_unless_escaped() {
        let two = parse("/bin/a 1 ; /bin/b 2", "a.service");
        assert_eq!(
            two.iter().map(|exec| exec.words.join(" ")).collect::<Vec<_>>(),
            ["/bin/a 1", "/bin/b 2"]
        );
        let one = parse("/bin/a \\; /bin/b", "a.service");
        assert_eq!(
            one.iter().map(|exec| exec.words.join(" ")).collect::<Vec<_>>(),
            ["/bin/a ; /bin/b"]
        );
    }

    #[test]
    fn the_instance_reaches_the_command() {
        assert_eq!(parse("/bin/up %i", "up@wg0.service").remove(0).words, ["/bin/up", "wg0"]);
    }
}
