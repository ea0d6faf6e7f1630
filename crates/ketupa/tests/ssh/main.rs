//! What an operator does to real hosts, told as stories: containers that know nothing of Ketupa run
//! OpenSSH's own server, and the program reaches them from another container, as it reaches any host.
//! They need root and the twin's image; nothing listens outside the containers' own segments.
#![expect(clippy::disallowed_methods, reason = "the stories run the program and wait for hosts")]

#[cfg(test)]
mod converge;
#[cfg(test)]
mod cut_off;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod history;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod packages;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod troubles;
#[cfg(test)]
mod waves;
