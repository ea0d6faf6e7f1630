//! The kernel's own news of devices: a socket on which it tells what comes, goes and changes.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recvfrom, socket_with};
use std::io;

/// The group of the kernel's messages; that of udev, which comes later and is not everywhere, is 2.
const KERNEL: u32 = 1;
/// No message is longer.
const LONGEST: usize = 16 * 1024;

/// What the kernel says happened to a block device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It came.
    Add,
    /// It went.
    Remove,
    /// Something about it is otherwise.
    Change,
    /// Another medium is in it: of a loop device, a file.
    Media,
}

/// One message about a disk.
#[derive(Debug, PartialEq, Eq)]
pub struct Uevent {
    /// What happened.
    pub action: Action,
    /// The device, such as `sda`.
    pub device: String,
}

/// What the socket had.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// A message about a disk.
    Disk(Uevent),
    /// A message about something else.
    Other,
    /// Messages were lost: what is there has to be looked at.
    Lost,
    /// No message now.
    None,
}

/// The socket.
#[derive(Debug)]
pub struct Uevents(OwnedFd);

impl Uevents {
    /// Listens to the kernel. This needs no rights.
    pub fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(KOBJECT_UEVENT))?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self(socket))
    }

    /// Listens to something else.
    #[cfg(test)]
    pub(crate) fn over(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// The next message.
    pub fn next(&self) -> io::Result<News> {
        let mut buffer = vec![0; LONGEST];
        match recvfrom(&self.0, buffer.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, length, from)) => {
                // Whoever may send here could make disks up: only the kernel is believed.
                let kernel = from
                    .and_then(|from| SocketAddrNetlink::try_from(from).ok())
                    .is_some_and(|from| from.pid() == 0);
                let message = buffer.get(..length).filter(|_| kernel);
                Ok(message.and_then(parse).map_or(News::Other, News::Disk))
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(News::None),
            Err(Errno::NOBUFS) => Ok(News::Lost),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What a message says of a disk; nothing if it is of something else.
fn parse(message: &[u8]) -> Option<Uevent> {
    let text = std::str::from_utf8(message).ok()?;
    let value = |key: &str| {
        text.split('\0')
            .skip(1)
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    };
    if (value("SUBSYSTEM"), value("DEVTYPE")) != (Some("block"), Some("disk")) {
        return None;
    }
    let action = match value("ACTION")? {
        "add" => Action::Add,
        "remove" => Action::Remove,
        "change" if value("DISK_MEDIA_CHANGE") == Some("1") => Action::Media,
        "change" => Action::Change,
        _ => return None,
    };
    let device = value("DEVNAME")?.rsplit('/').next()?;
    // The name becomes a part of a path.
    (!device.is_empty() && !device.starts_with('.'))
        .then(|| Uevent { action, device: device.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Action, Uevent, parse};

    #[test]
    fn knows_disks_from_other_devices() {
        let loop0 = b"change@/devices/virtual/block/loop0\0ACTION=change\0DEVPATH=/devices/virtual/block/loop0\0\
                      SUBSYSTEM=block\0DISK_MEDIA_CHANGE=1\0MAJOR=7\0DEVNAME=loop0\0DEVTYPE=disk\0SEQNUM=1\0";
        assert_eq!(parse(loop0), Some(Uevent { action: Action::Media, device: "loop0".into() }));
        let part = b"add@/x\0ACTION=add\0SUBSYSTEM=block\0DEVNAME=sda1\0DEVTYPE=partition\0";
        assert_eq!(parse(part), None);
        let net = b"add@/x\0ACTION=add\0SUBSYSTEM=net\0INTERFACE=eth0\0";
        assert_eq!(parse(net), None);
    }

    #[test]
    fn believes_no_name_that_leaves_its_folder() {
        for name in ["", "..", "../..", "/dev/.."] {
            let message = format!("x\0ACTION=add\0SUBSYSTEM=block\0DEVNAME={name}\0DEVTYPE=disk\0");
            assert_eq!(parse(message.as_bytes()), None, "{name}");
        }
        assert_eq!(parse(b"\xff\0\0=\0"), None);
    }
}
