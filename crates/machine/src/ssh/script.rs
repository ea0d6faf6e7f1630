//! The few words of shell between ssh and the executor. No quote `'`, no backslash and no line's end
//! stand in them, so that any login shell hands them on as they are.

use super::Rights;
use crate::executor::Executor;

/// With this status [`run`] says that the executor is not there, and for which processor it is wanted.
pub(super) const ABSENT: i32 = 72;
/// What it says then.
const WANTED: &str = "ketupa: executor wanted for";

/// Becomes root if it can: root is, others ask sudo, which must not ask back.
const CHANGE: &str = r#"s=$1; shift; b=/var/cache/ketupa; LC_ALL=C; export LC_ALL; if [ "$(id -u)" = 0 ]; then exec sh -c "$s" ketupa "$b" "$@"; fi; exec sudo -n sh -c "$s" ketupa "$b" "$@""#;
/// The same; where sudo refuses, the login itself looks, with a cache of its own. What sudo only tries must
/// not have the request for its stdin: it may read it.
const LOOK: &str = r#"s=$1; shift; b=/var/cache/ketupa; LC_ALL=C; export LC_ALL; if [ "$(id -u)" = 0 ]; then exec sh -c "$s" ketupa "$b" "$@"; fi; if sudo -n true </dev/null 2>/dev/null; then exec sudo -n sh -c "$s" ketupa "$b" "$@"; fi; exec sh -c "$s" ketupa "$HOME/.cache/ketupa" "$@""#;

/// `$1` the cache, `$2` the hash: becomes the executor if it is the one that is meant. That notes by itself
/// that it is in use: each program that the shell starts costs every host of every run a millisecond.
const RUN: &str = r#"f=$1/executor/$2; if [ -f "$f" ] && [ "$(sha256sum <"$f")" = "$2  -" ]; then exec "$f"; fi; echo "ketupa: executor wanted for $(uname -m)" >&2; exit 72"#;
/// `$3` its size: takes it from stdin, compares its hash, and becomes it. One that nobody ran
/// for a month serves no timer any more.
const SEND: &str = r#"set -eu; umask 022; d=$1/executor; t=$d/.new.$$; mkdir -p "$d"; clean() { rm -f "$t"; }; trap clean 0; head -c "$3" >"$t"; if [ "$(sha256sum <"$t")" != "$2  -" ]; then echo "ketupa: executor arrived damaged" >&2; exit 73; fi; chmod 755 "$t"; mv -f "$t" "$d/$2"; find "$d" -type f -mtime +30 ! -name "$2" -exec rm -f {} +; trap - 0; exec "$d/$2""#;

/// Runs the cached executor.
pub(super) fn run(rights: Rights, executor: &Executor) -> String {
    whole(rights, RUN, &[executor.hash()])
}

/// Caches the executor, whose bytes come first on stdin, and runs it.
pub(super) fn send(rights: Rights, executor: &Executor) -> String {
    whole(rights, SEND, &[executor.hash(), &executor.bytes().len().to_string()])
}

fn whole(rights: Rights, inner: &str, words: &[&str]) -> String {
    let outer = match rights {
        Rights::Look => LOOK,
        Rights::Change => CHANGE,
    };
    format!("exec sh -c '{outer}' ketupa '{inner}' {}", words.join(" "))
}

/// The processor that a host said it has.
pub(super) fn processor(said: &str) -> String {
    let line = said.lines().find_map(|line| line.strip_prefix(WANTED));
    line.unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_login_shell_finds_anything_to_change_in_the_scripts() {
        for script in [CHANGE, LOOK, RUN, SEND] {
            assert!(!script.contains(['\'', '\\', '\n']), "{script}");
        }
        assert!(RUN.contains(WANTED) && RUN.ends_with(&ABSENT.to_string()));
    }
}
