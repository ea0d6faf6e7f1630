//! What ssh, sudo and the shell say when something is wrong, and what an operator can do about it.

/// What happened and what to do, in a sentence each; `None` for what nobody knows yet.
pub(super) fn explain(name: &str, destination: &str, said: &str) -> Option<String> {
    let (_, what, todo) =
        KNOWN.iter().find(|(marks, ..)| marks.iter().any(|m| said.contains(m)))?;
    let fill = |text: &str| text.replace("NAME", name).replace("WHERE", destination);
    let line = said.lines().find(|line| line.contains(": ")).unwrap_or(said).trim();
    let line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
    Some(format!("{} ({line})\n  {}", fill(what), fill(todo)))
}

/// The host has another processor than the executor was made for.
pub(super) fn processor(has: &str, made_for: &str) -> String {
    format!(
        "its processor is {has}, and the executor here is made for {made_for}\n  \
         build one for {has} (`make executor ARCH={has}`) and name it with --executor FILE"
    )
}

/// What is looked for, what it means, what to do; what is more exact stands first.
type Known = (&'static [&'static str], &'static str, &'static str);

const KNOWN: &[Known] = &[
    (
        &["REMOTE HOST IDENTIFICATION HAS CHANGED", "HOST IDENTIFICATION HAS CHANGED"],
        "its host key is not the one that is known for WHERE: it was installed anew, or somebody is in between",
        "compare on its console with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`; only if it is \
         the same key, `ssh-keygen -R` the old one and connect once with `ssh WHERE`",
    ),
    (
        &["Host key verification failed", "host key is known for"],
        "its host key is not known here",
        "connect once with `ssh WHERE` and compare the key with what its console shows, or add it to \
         known_hosts",
    ),
    (
        &["Could not resolve hostname"],
        "the name WHERE leads nowhere",
        "give it a `Host` entry in your ssh_config, or set `ssh = \"user@address\"` in [host.NAME]",
    ),
    (
        &["Connection refused"],
        "it refuses connections",
        "is sshd running there, and on this port? `ssh -v WHERE` shows where it is looked for",
    ),
    (
        &["timed out", "Timeout, server"],
        "it does not answer",
        "is it up, and does its filter let SSH in from here? `ssh -v WHERE` shows how far it comes",
    ),
    (
        &["No route to host", "Network is unreachable"],
        "there is no way to it from here",
        "look at this machine's own network, the VPN for example, then at the host's console",
    ),
    (
        &["Permission denied (", "Too many authentication failures"],
        "it accepts no key of yours",
        "`ssh-add -l` shows the keys at hand; one must be in authorized_keys of the user in WHERE",
    ),
    (
        &[
            "sudo: a password is required",
            "sudo: a terminal is required",
            "not in the sudoers",
            "may not run sudo",
            "is not allowed to execute",
            "sudo: not found",
            "sudo: command not found",
        ],
        "sudo refuses to make the login root without a password",
        "log in as root, or allow it there in /etc/sudoers.d: `USER ALL=(root) NOPASSWD: ALL`",
    ),
    (
        &["No space left on device", "Disk quota exceeded"],
        "its disk is full: nothing was changed",
        "make room below /var there: `df /var`, `du -xh /var | sort -h | tail`",
    ),
    (
        &["Read-only file system"],
        "its /var cannot be written: nothing was changed",
        "a disk with errors is mounted so: look at `dmesg` there",
    ),
    (
        &["Exec format error"],
        "its executor is made for another processor",
        "build one for it (`make executor ARCH=…`) and name it with --executor FILE",
    ),
    (
        &["executor arrived damaged"],
        "the executor arrived there with another content than it left with",
        "try again; if it happens again, look at the disk and memory of both machines",
    ),
    (
        &["no matching host key type", "no matching key exchange", "no matching cipher"],
        "its sshd is too old for the ssh here",
        "upgrade it; weaker cryptography is a choice for your ssh_config, not for this program",
    ),
    (
        &["Connection reset", "Connection closed", "closed by remote host", "Broken pipe"],
        "the connection broke",
        "look at it again; `journalctl -u ssh` there may say why",
    ),
];

#[cfg(test)]
mod tests {
    use super::explain;

    /// What OpenSSH 9.2 and sudo 1.9 say, word for word, and by what it must be known.
    #[test]
    fn tells_apart_what_can_go_wrong() {
        for (said, wanted) in [
            (
                "@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@\nHost key for 192.0.2.1 has changed and you have requested strict checking.\nHost key verification failed.",
                "is not the one that is known",
            ),
            (
                "No ED25519 host key is known for 192.0.2.1 and you have requested strict checking.\nHost key verification failed.",
                "is not known here",
            ),
            ("ssh: Could not resolve hostname edge-01: Name or service not known", "leads nowhere"),
            ("ssh: connect to host 192.0.2.1 port 22: Connection refused", "refuses connections"),
            ("ssh: connect to host 192.0.2.1 port 22: Connection timed out", "does not answer"),
            ("Connection timed out during banner exchange", "does not answer"),
            ("ssh: connect to host 192.0.2.1 port 22: No route to host", "no way to it"),
            ("ops@192.0.2.1: Permission denied (publickey,password).", "no key of yours"),
            ("sudo: a password is required", "sudo refuses"),
            (
                "Sorry, user ops is not allowed to execute '/usr/bin/sh -c' as root on edge-01.",
                "sudo refuses",
            ),
            (
                "mkdir: cannot create directory '/var/cache/ketupa': No space left on device",
                "disk is full",
            ),
        ] {
            let told = explain("edge-01", "ops@192.0.2.1", said).unwrap_or_default();
            assert!(told.contains(wanted) && told.contains('\n'), "{said}:\n{told}");
        }
        assert_eq!(explain("edge-01", "edge-01", "an ill wind"), None);
    }
}
