//! Programs of Debian's that a test compares with: downloaded and unpacked, never installed.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Whoever comes first fetches it, others wait; what is half done is begun again. Lists of packages that
/// have grown old name files that are gone.
const FETCH: &str = r#"
[ ! -e done ] || exit 0
rm -rf -- *
apt-get download -q "$1" || { apt-get update -qq && apt-get download -q "$1"; }
dpkg-deb -x ./*.deb .
rm -- *.deb
touch done
"#;

/// The folder with what a package has, below a place such as `CARGO_TARGET_TMPDIR`.
///
/// # Panics
/// If it cannot be fetched.
pub fn unpacked(place: &Path, package: &str) -> PathBuf {
    let folder = place.join(format!("debian-{package}"));
    std::fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let lock = place.join(format!("debian-{package}.lock"));
    let mut fetch = Command::new("flock");
    fetch.arg("--wait=300").arg(lock).args(["sh", "-euc", FETCH, "fetch", package]);
    let output = fetch.current_dir(&folder).output().unwrap_or_else(|e| panic!("flock: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{package} cannot be had from Debian: {said}");
    folder
}
