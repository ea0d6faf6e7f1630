//! The systemd unit under which the agent runs: what it may not do is said there.

/// The unit's text, for a program at this path with these arguments.
pub fn text(program: &str, arguments: &[String]) -> String {
    let mut command = quoted(program);
    for argument in arguments {
        command.push(' ');
        command.push_str(&quoted(argument));
    }
    UNIT.replace("{command}", &command)
}

/// A word as systemd reads it: quoted, with `%` and `$` as they are.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=,[]".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let escaped: String = word
        .chars()
        .map(|c| match c {
            '"' | '\\' => format!("\\{c}"),
            '%' | '$' => format!("{c}{c}"),
            '\n' => "\\n".to_owned(),
            _ => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

const UNIT: &str = "\
[Unit]
Description=Ketupa's agent: says how this host is
Documentation=man:ketupa(1)
After=network.target

[Service]
ExecStart={command}
Restart=on-failure
RestartSec=5s
# Debian's dbus tells how units are to users that the host knows only, and systemd takes one of this unit's name:
# useradd --system --user-group --shell /usr/sbin/nologin ketupa-agent
DynamicUser=yes
StateDirectory=ketupa-agent
StateDirectoryMode=0700
# The journal, and logs, belong to these groups.
SupplementaryGroups=systemd-journal adm
# The control socket of BIRD belongs to this group. Without BIRD the line has to go.
#SupplementaryGroups=bird
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# The clock is only read: to set it takes a capability that is not here.
SystemCallFilter=adjtimex
UMask=0077
MemoryMax=64M
TasksMax=32

[Install]
WantedBy=multi-user.target
";

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_what_systemd_would_take_apart() {
        let text = super::text(
            "/usr/bin/ketupa",
            &["agent".into(), "--textfile".into(), "/a b/100%\"$x".into()],
        );
        assert!(
            text.contains("ExecStart=/usr/bin/ketupa agent --textfile \"/a b/100%%\\\"$$x\"\n"),
            "{text}"
        );
    }
}
