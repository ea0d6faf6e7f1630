//! Frames on a byte stream: mark and version, length, SHA-256, JSON. Refuses what it does not know.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

/// How every frame begins; the last byte is the protocol's version.
pub const MARK: [u8; 4] = *b"KTP\x01";
/// The longest frame that is read: far above any host's configuration.
pub const LONGEST: u32 = 64 << 20;

/// Why a frame could not be read.
#[derive(Debug)]
pub enum Broken {
    /// The stream failed or ended inside a frame.
    Stream(io::Error),
    /// The bytes are not of this protocol: often a greeting printed by a login shell.
    Foreign([u8; 4]),
    /// The other side speaks another version.
    Version(u8),
    /// The frame claims to be longer than [`LONGEST`].
    Long(u32),
    /// The content is not what was sent.
    Checksum,
    /// The content is no message that this version knows.
    Message(serde_json::Error),
}

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stream(cause) => write!(out, "the stream broke inside a frame: {cause}"),
            Self::Foreign(found) => write!(
                out,
                "expected a frame, found {:?}: does a start-up file print something?",
                String::from_utf8_lossy(found)
            ),
            Self::Version(found) => {
                write!(out, "the other side speaks version {found}, this one {}", MARK[3])
            }
            Self::Long(length) => write!(out, "a frame of {length} bytes is too long"),
            Self::Checksum => write!(out, "a frame's content does not match its checksum"),
            Self::Message(cause) => write!(out, "a message is not understood: {cause}"),
        }
    }
}

impl std::error::Error for Broken {}

/// Writes one message as one frame.
pub fn send(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let content = serde_json::to_vec(message)?;
    let length = u32::try_from(content.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other("a message is too long for a frame"))?;
    output.write_all(&MARK)?;
    output.write_all(&length.to_be_bytes())?;
    output.write_all(Sha256::digest(&content).as_slice())?;
    output.write_all(&content)
}

/// Reads one message; `None` at a clean end of the stream.
pub fn receive<T: DeserializeOwned>(input: &mut impl Read) -> Result<Option<T>, Broken> {
    let Some(mark) = mark(input)? else { return Ok(None) };
    let mut length = [0; 4];
    let mut checksum = [0; 32];
    known(mark)?;
    input.read_exact(&mut length).map_err(Broken::Stream)?;
    let length = u32::from_be_bytes(length);
    if length > LONGEST {
        return Err(Broken::Long(length));
    }
    input.read_exact(&mut checksum).map_err(Broken::Stream)?;
    let mut content = Vec::new();
    let read = input.take(u64::from(length)).read_to_end(&mut content).map_err(Broken::Stream)?;
    if u32::try_from(read) != Ok(length) {
        return Err(Broken::Stream(ErrorKind::UnexpectedEof.into()));
    }
    if Sha256::digest(&content).as_slice() != checksum {
        return Err(Broken::Checksum);
    }
    serde_json::from_slice(&content).map(Some).map_err(Broken::Message)
}

fn known(mark: [u8; 4]) -> Result<(), Broken> {
    match mark {
        MARK => Ok(()),
        [b'K', b'T', b'P', version] => Err(Broken::Version(version)),
        foreign => Err(Broken::Foreign(foreign)),
    }
}

/// The first four bytes; `None` when there is not one of them.
fn mark(input: &mut impl Read) -> Result<Option<[u8; 4]>, Broken> {
    let mut mark = Vec::new();
    input.take(4).read_to_end(&mut mark).map_err(Broken::Stream)?;
    if mark.is_empty() {
        return Ok(None);
    }
    let mark = mark.try_into().map_err(|_| Broken::Stream(ErrorKind::UnexpectedEof.into()))?;
    Ok(Some(mark))
}
