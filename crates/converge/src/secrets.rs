//! Puts secrets into rendered texts, and keeps them out of what people see.

use component::tree::{SECRET_CLOSE, SECRET_OPEN, secret_mark, secret_references};

use crate::vault::{NoSecret, Vault};

/// Stands for a line whose content nobody is shown.
pub(crate) const HIDDEN: &str = "⟪a line that is not shown⟫";

/// The text with every mark replaced by its secret. A secret's own text is never searched for marks.
pub(crate) fn resolve(text: &str, vault: &dyn Vault) -> Result<String, NoSecret> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(SECRET_OPEN) {
        let Some((reference, behind)) = after.split_once(SECRET_CLOSE) else { break };
        resolved.push_str(before);
        resolved.push_str(&vault.reveal(reference)?);
        rest = behind;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

/// What may be shown of a text found on a host: the lines that the desired text has, too, with marks
/// for their secrets. Anything else could be an older secret and is hidden.
pub(crate) fn mask(found: &str, desired: &str, vault: &dyn Vault) -> Result<String, NoSecret> {
    let mut found = found.to_owned();
    for reference in secret_references(desired) {
        let secret = vault.reveal(reference)?;
        if secret.contains('\n') {
            found = found.replace(&secret, &secret_mark(reference));
        }
    }
    let mut known = Vec::new();
    for line in desired.lines() {
        known.push((resolve(line, vault)?, line));
    }
    let shown = found.lines().map(|line| {
        let same = known.iter().find(|(resolved, masked)| line == resolved || line == *masked);
        same.map_or(HIDDEN, |(_, masked)| masked)
    });
    let shown: Vec<&str> = shown.collect();
    let end = if found.ends_with('\n') { "\n" } else { "" };
    Ok(shown.join("\n") + end)
}
