//! Hears a service say that it is ready, or that another process is its main one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, PoisonError};
use std::thread;

use crate::supervise::state::Failure;
use crate::supervise::unit::Unit;

impl Unit {
    /// Listens from the first start on, for ever.
    pub(super) fn listen(self: &Arc<Self>) -> Result<(), Failure> {
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if *listening {
            return Ok(());
        }
        let path = self.notify_path();
        let resources = |cause: std::io::Error| Failure::new("resources", cause.to_string());
        let socket = UnixDatagram::bind(&path).map_err(resources)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).map_err(resources)?;
        let unit = Arc::clone(self);
        thread::spawn(move || unit.hear(&socket));
        *listening = true;
        Ok(())
    }

    fn hear(self: &Arc<Self>, socket: &UnixDatagram) -> ! {
        let mut buffer = [0_u8; 4096];
        loop {
            let Ok(length) = socket.recv(&mut buffer) else { continue };
            let text = String::from_utf8_lossy(buffer.get(..length).unwrap_or_default());
            for line in text.lines() {
                self.heard(line);
            }
        }
    }

    fn heard(self: &Arc<Self>, line: &str) {
        match line.split_once('=') {
            Some(("READY", "1")) => self.change(|state| state.ready = true),
            Some(("STATUS", says)) => self.change(|state| says.clone_into(&mut state.says)),
            Some(("MAINPID", pid)) => match pid.parse() {
                Ok(pid) if self.state().main != Some(pid) => self.follow(pid),
                Ok(_) | Err(_) => {}
            },
            Some(_) | None => {}
        }
    }
}
