//! Twins on this machine: real containers, real daemons. They need root and a package mirror.
#![expect(clippy::disallowed_methods, reason = "the tests look at this machine")]

#[cfg(test)]
mod bench;
#[cfg(test)]
mod container;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod network;
#[cfg(test)]
mod services;
