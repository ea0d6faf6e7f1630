//! Secrets by chance, and comparing them without telling how much was right.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// So many bytes nobody guesses.
const BYTES: usize = 32;

/// A secret by chance, in hexadecimal.
pub fn random() -> Result<String, std::io::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(hex(&bytes))
}

/// A number by chance, for what need not be secret.
pub fn chance() -> u64 {
    let mut bytes = [0; 8];
    // Without chance, what failed together is tried together: no harm.
    if getrandom::fill(&mut bytes).is_err() {
        return 0;
    }
    u64::from_le_bytes(bytes)
}

/// The hash by which a random secret is known. It has all the chance that a hash needs: a slow one would
/// protect nothing.
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Whether two texts are the same; how long it takes says nothing about where they differ.
pub fn same(left: &[u8], right: &[u8]) -> bool {
    let sealed = seal(b"compare", right);
    verify(b"compare", left, &sealed)
}

/// What a key makes of a message (HMAC-SHA256).
pub fn seal(key: &[u8], message: &[u8]) -> Vec<u8> {
    mac(key, message).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec())
}

/// Whether a message was sealed with this key, compared in constant time.
pub fn verify(key: &[u8], message: &[u8], sealed: &[u8]) -> bool {
    mac(key, message).is_some_and(|mac| mac.verify_slice(sealed).is_ok())
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac)
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Bytes from hexadecimal.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}
