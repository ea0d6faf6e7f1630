//! Logs that are followed.

use serde::Deserialize;

/// One log.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {}
