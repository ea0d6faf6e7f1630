//! The `ketupa` command: reads the directory, calls the stages, prints, and chooses the exit status.
fn main() {}
