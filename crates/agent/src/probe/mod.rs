//! What is tried from this host.

use serde::Deserialize;

/// One thing that is tried.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {}
