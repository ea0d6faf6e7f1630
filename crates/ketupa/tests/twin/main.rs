//! What an operator does with a twin, told as stories: each brings its own network up, with the real
//! daemons, and takes it down whatever happens. They need root and the twin's image.
#![expect(clippy::disallowed_methods, reason = "the stories run the program and wait for networks")]

#[cfg(test)]
mod services;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod traffic;
