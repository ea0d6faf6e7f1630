//! docs/map.svg: the example's network, as `ketupa map` draws it.

use model::Source;
use std::path::Path;

pub(super) fn page(root: &Path) -> Result<String, String> {
    let sources: Vec<Source> = super::example::files(root)?
        .into_iter()
        .map(|(path, text)| Source::new(path, text.as_bytes()))
        .collect();
    let isp = model::load(&sources).isp.ok_or("examples/neutrinet does not load")?;
    Ok(map::svg(&isp, &map::Colours::default()))
}
