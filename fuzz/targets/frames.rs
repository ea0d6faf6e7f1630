//! What arrives at a host's executor: any bytes, and any content in a frame that is in order.
//! Requests are only read here, never answered.
#![no_main]

use host::frame::{MARK, receive};
use host::wire::{Answer, Request};
use sha2::{Digest as _, Sha256};

fn read(bytes: &[u8]) {
    let _ = receive::<Request>(&mut &*bytes);
    let _ = receive::<Answer>(&mut &*bytes);
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    read(data);
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes();
    read(&[&MARK, length.as_slice(), Sha256::digest(data).as_slice(), data].concat());
});
