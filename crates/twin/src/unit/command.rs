//! One command of a unit: `ExecStart=-/usr/sbin/x --flag $ARGS` and its prefixes.

use crate::unit::words;

/// A command as written: specifiers are replaced, variables are not yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exec {
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
    /// `-`: its failure does not matter.
    pub(crate) may_fail: bool,
    /// `+`, `!`: it runs as root whatever the unit says.
    pub(crate) as_root: bool,
    /// `@`: the second word is what the program is told it is called.
    pub(crate) renamed: bool,
    /// `:`: variables are not replaced.
    pub(crate) literal: bool,
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
    let prefixes = first.strip_suffix(program).unwrap_or_default();
    exec.may_fail = prefixes.contains('-');
    exec.renamed = prefixes.contains('@');
    exec.literal = prefixes.contains(':');
    exec.as_root = prefixes.contains(['+', '!']);
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
        assert!(exec.may_fail && exec.as_root && !exec.renamed && !exec.literal);
        let exec = parse("@/bin/sleep nap 5", "a.service").remove(0);
        assert!(exec.renamed);
        assert!(parse(":/bin/echo $x", "a.service").remove(0).literal);
    }

    #[test]
    fn a_semicolon_word_separates_commands_unless_escaped() {
        let two = parse("/bin/a 1 ; /bin/b 2", "a.service");
        assert_eq!(two.iter().map(|exec| exec.words.join(" ")).collect::<Vec<_>>(), ["/bin/a 1", "/bin/b 2"]);
        let one = parse("/bin/a \\; /bin/b", "a.service");
        assert_eq!(one.iter().map(|exec| exec.words.join(" ")).collect::<Vec<_>>(), ["/bin/a ; /bin/b"]);
    }

    #[test]
    fn the_instance_reaches_the_command() {
        assert_eq!(parse("/bin/up %i", "up@wg0.service").remove(0).words, ["/bin/up", "wg0"]);
    }
}
