//! The unit of systemd that runs the server with few rights.

use crate::cli::forward::Forward;
use crate::cli::serve::Serve;
use crate::commands::Error;
use crate::commands::converge::named;
use std::path::Path;

/// What stays the same everywhere. `mixed`: the server is told to stop and hands back what is under way;
/// whatever is left is killed.
const UNIT: &str = include_str!("ketupa.service");

/// The unit of this command line.
pub(super) fn unit(args: &Serve) -> Result<String, Error> {
    let here = |path: &Path| path.canonicalize().map_err(|e| Error::file("open", path, e));
    let program = std::env::current_exe();
    let program = program.map_err(|e| Error::Message(format!("cannot find this program: {e}")))?;
    let mut words = vec![quoted(&program), "serve".into(), quoted(&here(&args.place.dir)?)];
    words.extend(["--data".into(), "%S/ketupa".into(), format!("--listen {}", args.listen)]);
    words.extend(args.behind_tls.then(|| "--behind-tls".to_owned()));
    words.push(format!("--slots {} --lease {}s", args.slots, args.lease));
    words.push(format!("--stop-within {}s --keep {}", args.stop_within, args.keep));
    let kept = &args.kept;
    let (samples, hours) = (kept.keep_samples, kept.keep_hours);
    words.push(format!("--keep-samples {samples} --keep-hours {hours}"));
    words.extend(kept.keep_five_minutes.map(|days| format!("--keep-five-minutes {days}")));
    words.push(format!("--most-series {}", kept.most_series));
    words.extend(args.book.database.as_ref().map(|address| format!("--database {address}")));
    let mut credentials = Vec::new();
    if let Some(file) = &args.book.database_file {
        words.push("--database-file %d/database".into());
        credentials.push(format!("LoadCredential=database:{}\n", here(file)?.display()));
    }
    words.extend(forwarding(&args.forward)?);
    if let Some(file) = &args.forward.token_file {
        credentials.push(format!("LoadCredential=forward:{}\n", here(file)?.display()));
    }
    for (option, file) in named(&args.access) {
        words.extend([option.to_owned(), quoted(&here(file)?)]);
    }
    let stop = args.stop_within.saturating_add(30).to_string();
    let unit = UNIT.replace("{COMMAND}", &words.join(" ")).replace("{STOP}", &stop);
    Ok(unit.replace("{CREDENTIAL}", &credentials.concat()))
}

/// The words that send measurements on.
fn forwarding(forward: &Forward) -> Result<Vec<String>, Error> {
    let mut words = Vec::new();
    for url in &forward.to {
        words.push(format!("--forward {}", quoted(Path::new(url))));
    }
    words.extend(forward.from.map(|from| format!("--forward-from {from}")));
    words.extend(forward.token_file.as_ref().map(|_| "--forward-token-file %d/forward".into()));
    let tenant = forward.tenant.as_ref();
    words.extend(tenant.map(|tenant| format!("--forward-tenant {}", quoted(Path::new(tenant)))));
    if let Some(file) = &forward.ca {
        let file = file.canonicalize().map_err(|e| Error::file("open", file, e))?;
        words.push(format!("--forward-ca {}", quoted(&file)));
    }
    Ok(words)
}

/// A word of systemd: `%` and quotes mean something there.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('%', "%%").replace('$', "$$");
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
