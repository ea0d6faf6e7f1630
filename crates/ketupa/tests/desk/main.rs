//! What somebody does with the job desk, told as stories: the real server, asked over HTTP on this machine.
#![expect(clippy::disallowed_methods, reason = "the stories run servers and wait for them")]

#[cfg(test)]
mod access;
#[cfg(test)]
mod agent;
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
mod forward;
#[cfg(test)]
mod http;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod measurements;
#[cfg(test)]
mod playbooks;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod senders;
#[cfg(test)]
mod servers;
#[cfg(test)]
mod stage;
