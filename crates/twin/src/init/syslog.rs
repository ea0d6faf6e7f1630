//! `/dev/log`: one file per program.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::thread;

use crate::error::{Doing as _, Result};

/// Where the logs of a host's services and programs are.
pub(crate) const LOGS: &str = "/var/log/twin";

/// Listens for ever, in a thread.
pub(super) fn start() -> Result<()> {
    let socket = UnixDatagram::bind("/dev/log").doing(|| "listen on /dev/log".to_owned())?;
    fs::set_permissions("/dev/log", fs::Permissions::from_mode(0o666))
        .doing(|| "open /dev/log to everybody".to_owned())?;
    thread::spawn(move || listen(&socket));
    Ok(())
}

fn listen(socket: &UnixDatagram) -> ! {
    let mut buffer = vec![0_u8; 65536];
    loop {
        let Ok(length) = socket.recv(&mut buffer) else { continue };
        let raw = buffer.get(..length).unwrap_or_default();
        let message = String::from_utf8_lossy(raw);
        let message = message.trim_end_matches(['\0', '\n']);
        if let Ok(mut file) = open(program(message)) {
            let _ = writeln!(file, "{}", without_priority(message));
        }
    }
}

fn open(program: &str) -> std::io::Result<File> {
    let path = Path::new(LOGS).join(format!("{program}.log"));
    OpenOptions::new().create(true).append(true).open(path)
}

fn without_priority(message: &str) -> &str {
    message.strip_prefix('<').and_then(|rest| rest.split_once('>')).map_or(message, |(_, m)| m)
}

/// Who speaks: the word before `[pid]:`, after the date `Mmm dd hh:mm:ss ` if there is one.
fn program(message: &str) -> &str {
    let text = without_priority(message);
    let dated = text.get(15..16) == Some(" ") && text.get(9..10) == Some(":");
    let text = if dated { text.get(16..).unwrap_or(text) } else { text };
    let end = text.find(['[', ':', ' ']).unwrap_or(text.len());
    match text.get(..end) {
        Some(name) if !name.is_empty() && !name.contains('/') && !name.starts_with('.') => name,
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_belongs_to_the_program_before_its_pid() {
        assert_eq!(program("<30>Nov 23 15:10:01 Keepalived_vrrp[7]: MASTER"), "Keepalived_vrrp");
        assert_eq!(program("<30>Nov  3 15:10:01 haproxy: up"), "haproxy");
        assert_eq!(program("<13>root: hello"), "root");
        assert_eq!(program("<13>/bin/x[2]: hello"), "unknown");
        assert_eq!(program(""), "unknown");
    }
}
