//! When a host came to differ from what was declared, and whose the files are, as far as it knows.

use std::collections::BTreeMap;

use host::wire::{Answer, Request};
use machine::Machine;

use crate::plan::Plan;

/// A sentence for each file and package of the plan of which the host knows who touched it last. A
/// host that does not answer knows nothing.
pub fn trace(plan: &Plan, machine: &dyn Machine) -> BTreeMap<String, String> {
    let paths = plan.files.iter().map(|file| file.path.clone()).collect();
    let packages = plan.packages.iter().cloned().collect();
    match machine.ask(Request::Trace { paths, packages }) {
        Ok(Answer::Traced(known)) => known,
        _ => BTreeMap::new(),
    }
}
