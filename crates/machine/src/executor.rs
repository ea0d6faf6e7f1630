//! The program that travels: a static ELF executable, known by its hash and by its processor.

use std::fmt;
use std::sync::Arc;

/// `PT_INTERP` of the ELF specification: the program asks for a dynamic linker.
const INTERPRETER: u32 = 3;

/// An executor that can run on any Linux of its processor.
#[derive(Clone)]
pub struct Executor {
    bytes: Arc<[u8]>,
    hash: String,
    processor: &'static str,
}

impl Executor {
    /// The program with these bytes.
    ///
    /// # Errors
    /// They are no program that could run on a host that knows nothing of this machine, as a sentence.
    pub fn new(bytes: Vec<u8>) -> Result<Self, String> {
        let elf = Elf(&bytes);
        if bytes.get(..6) != Some(b"\x7fELF\x02\x01") {
            return Err("it is no 64-bit Linux program".into());
        }
        let processor =
            elf.processor().ok_or("it is made for a processor that is not known here")?;
        if elf.is_dynamic().ok_or("its program headers cannot be read")? {
            let says = "it is linked dynamically, and would need this machine's libraries on every \
                        host: `make executor` makes a static one";
            return Err(says.into());
        }
        let hash = host::hash(&bytes);
        Ok(Self { bytes: bytes.into(), hash, processor })
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    /// Their SHA-256, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// As `uname -m` calls it.
    pub fn processor(&self) -> &'static str {
        self.processor
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Executor({} {})", self.processor, self.hash)
    }
}

/// The few fields of a 64-bit little-endian ELF file that matter here.
struct Elf<'a>(&'a [u8]);

impl Elf<'_> {
    fn number<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..at.checked_add(N)?)?.try_into().ok()
    }

    /// `e_machine`.
    fn processor(&self) -> Option<&'static str> {
        match u16::from_le_bytes(self.number(18)?) {
            62 => Some("x86_64"),
            183 => Some("aarch64"),
            243 => Some("riscv64"),
            _ => None,
        }
    }

    /// Does a program header (`e_phoff`, `e_phentsize`, `e_phnum`) name an interpreter?
    fn is_dynamic(&self) -> Option<bool> {
        let first = usize::try_from(u64::from_le_bytes(self.number(32)?)).ok()?;
        let size = usize::from(u16::from_le_bytes(self.number(54)?));
        for header in 0..usize::from(u16::from_le_bytes(self.number(56)?)) {
            let at = first.checked_add(header.checked_mul(size)?)?;
            if u32::from_le_bytes(self.number(at)?) == INTERPRETER {
                return Some(true);
            }
        }
        Some(false)
    }
}
