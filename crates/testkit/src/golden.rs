//! Golden files: what a test shows must be what is kept. `KETUPA_BLESS=1` keeps it.

use std::path::Path;

/// Compares a text with the golden file at `path`; with `KETUPA_BLESS` set, writes it instead.
pub fn check(path: &Path, text: &str) {
    if std::env::var("KETUPA_BLESS").is_ok() {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).unwrap_or_else(|e| panic!("{}: {e}", parent.display()));
        }
        std::fs::write(path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return;
    }
    let kept = std::fs::read_to_string(path).unwrap_or_else(|e| {
        panic!("{}: {e}; run with KETUPA_BLESS=1 and review it", path.display())
    });
    if kept != text {
        let line = kept.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
        let (was, is) = (kept.lines().nth(line), text.lines().nth(line));
        panic!(
            "{}:{}: kept  {was:?}\nshown {is:?}\nrun with KETUPA_BLESS=1 and review the difference",
            path.display(),
            line + 1
        );
    }
}
