//! Twins on this machine: real containers, real daemons. They need root and a package mirror.

mod bench;
