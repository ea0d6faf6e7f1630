//! Agents, a server and the link between them that breaks: told as stories, with real programs in
//! namespaces of the network. Each sample and each line is counted.
#![expect(clippy::disallowed_methods, reason = "the stories run programs and wait for them")]

#[cfg(test)]
mod journal;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod network;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod story;
#[cfg(test)]
mod writer;
