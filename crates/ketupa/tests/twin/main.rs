//! What an operator does with a twin, told as stories: each brings its own network up, with the real
//! daemons, and takes it down whatever happens. They need root and the twin's image.
#![expect(clippy::disallowed_methods, reason = "the stories run the program and wait for networks")]

#[cfg(test)]
mod agents;
#[cfg(test)]
mod agrees;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod firewalls;
#[cfg(test)]
mod full_table;
#[cfg(test)]
mod probe;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod services;
#[cfg(test)]
mod server;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod traffic;
#[cfg(test)]
mod uptimes;
#[cfg(test)]
mod verdicts;
#[cfg(test)]
mod vips;
