//! What an operator does to a machine of Debian's own, with its kernel, systemd and apt: virtual machines
//! under qemu, made from Debian's packages, reached by ssh. Minutes, not seconds: see `make test-vm`.
#![expect(clippy::disallowed_methods, reason = "the story runs machines and waits for them")]

#[cfg(test)]
mod converge;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod role;
