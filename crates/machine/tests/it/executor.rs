//! Only a program that runs on any host may travel.

use machine::Executor;

/// The head of a 64-bit little-endian ELF file with one program header of this type.
fn elf(processor: u16, header: u32) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(120, 0);
    for (at, field) in [
        (18, &processor.to_le_bytes()[..]),
        (32, &64_u64.to_le_bytes()),
        (54, &56_u16.to_le_bytes()),
        (56, &1_u16.to_le_bytes()),
        (64, &header.to_le_bytes()),
    ] {
        bytes.splice(at..at + field.len(), field.iter().copied());
    }
    bytes
}

#[test]
fn takes_a_static_program_and_says_why_it_takes_no_other() {
    assert!(format!("{:?}", Executor::new(elf(62, 1)).unwrap()).starts_with("Executor(x86_64 "));
    assert!(format!("{:?}", Executor::new(elf(183, 1)).unwrap()).starts_with("Executor(aarch64 "));
    let refused = |bytes: Vec<u8>| Executor::new(bytes).unwrap_err();
    assert!(refused(elf(62, 3)).contains("linked dynamically"));
    assert!(refused(elf(8, 1)).contains("processor"));
    assert!(refused(b"#!/bin/sh\n".to_vec()).contains("no 64-bit Linux program"));
    assert!(refused(elf(62, 1)[..60].to_vec()).contains("headers"));
    // This very program is linked as programs are.
    let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    assert!(refused(own).contains("linked dynamically"));
}
