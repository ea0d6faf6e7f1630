//! Whether a call comes from the forge: signed (GitHub, Forgejo, Gitea) or with its token (GitLab).

use crate::secret::{hex, same, seal, unhex, verify};

/// What a call brought along that can show where it comes from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Proofs<'a> {
    /// `X-Hub-Signature-256`: `sha256=` and the body's HMAC.
    pub signature: Option<&'a str>,
    /// `X-Gitlab-Token`: the secret itself.
    pub token: Option<&'a str>,
    /// `X-Gitlab-Event-UUID`: which event of GitLab it is.
    pub event: Option<&'a str>,
}

/// What a true call is remembered by, so that the same one starts nothing again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery(pub String);

/// The delivery, if the call was made with the secret.
///
/// A signed call is known by what was signed: whoever copies it can give it another number, and no other
/// signature. The number of GitLab's event is not signed: its token is as good as a password.
pub fn check(secret: &str, proofs: Proofs<'_>, body: &[u8]) -> Option<Delivery> {
    // An empty secret would be everybody's.
    if secret.is_empty() {
        return None;
    }
    let key = secret.as_bytes();
    if let Some(signature) = proofs.signature {
        let sealed = signature.strip_prefix("sha256=").and_then(unhex)?;
        return verify(key, body, &sealed).then(|| Delivery(hex(&sealed)));
    }
    let token = proofs.token?;
    let known_by = proofs.event.map_or(body, str::as_bytes);
    same(token.as_bytes(), key).then(|| Delivery(hex(&seal(key, known_by))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From GitHub's own manual of webhooks.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn signed(signature: &str) -> Proofs<'_> {
        Proofs { signature: Some(signature), ..Proofs::default() }
    }

    #[test]
    fn takes_what_github_signs() {
        assert!(check(SECRET, signed(SIGNATURE), BODY).is_some());
        assert_eq!(check(SECRET, signed(SIGNATURE), b"Hello, World?"), None);
        assert_eq!(check("another", signed(SIGNATURE), BODY), None);
        for odd in ["", "sha256=", "sha1=00", "sha256=7571", "sha256=zz", "sha256=é"] {
            assert_eq!(check(SECRET, signed(odd), BODY), None, "{odd}");
        }
    }

    #[test]
    fn takes_gitlab_s_token() {
        let with = |token, event| Proofs { token: Some(token), event, ..Proofs::default() };
        let first = check("s3cret", with("s3cret", Some("1")), BODY);
        assert!(first.is_some());
        assert_ne!(first, check("s3cret", with("s3cret", Some("2")), BODY));
        assert_eq!(check("s3cret", with("s3cre", None), BODY), None);
        assert_eq!(check("", with("", None), BODY), None);
    }

    #[test]
    fn a_wrong_signature_is_not_mended_by_a_token() {
        let both = Proofs { signature: Some("sha256=00"), token: Some(SECRET), event: None };
        assert_eq!(check(SECRET, both, BODY), None);
        assert_eq!(check(SECRET, Proofs::default(), BODY), None);
    }
}
