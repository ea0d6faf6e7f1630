//! An executor in this very process: for the machine that Ketupa runs on, and for tests.

use host::Place;
use host::wire::{Answer, Request};

use crate::{Machine, Unreachable, decode, encode};

/// A machine without a wire.
#[derive(Debug, Clone)]
pub struct Here {
    name: String,
    place: Place,
}

impl Here {
    /// The machine called `name`, at `place`.
    pub fn new(name: impl Into<String>, place: Place) -> Self {
        Self { name: name.into(), place }
    }
}

impl Machine for Here {
    fn name(&self) -> &str {
        &self.name
    }

    fn exchange(&self, requests: &[Request]) -> Result<Vec<Answer>, Unreachable> {
        let fails = |why: String| Unreachable::new(&self.name, why);
        let (input, mut output) = (encode(&self.name, requests)?, Vec::new());
        host::serve_at(&self.place, input.as_slice(), &mut output)
            .map_err(|error| fails(error.to_string()))?;
        decode(&output, requests.len()).map_err(fails)
    }
}
