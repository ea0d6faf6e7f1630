//! docs/components.md: every daemon that is rendered, from its card and its folder's page.

use super::markdown::{deeper, generated, untitled};
use component::Component;
use std::path::Path;

const INTRO: &str = "
# Components

One folder in `crates/components/src` for each daemon, in the order in which a host needs them.
Every folder is furnished alike: `mod.rs` (what it is), `render.rs` (model to files), `templates/`
(each can be replaced by yours, see [Your own templates](reference.md#your-own-templates)),
`cases/` (declared in, golden text out) and the page that you read here.
";

pub(super) fn page(root: &Path) -> Result<String, String> {
    let mut text = generated("the components' cards and READMEs") + INTRO;
    for component in components::ALL {
        text += &section(root, *component)?;
    }
    Ok(text)
}

fn section(root: &Path, component: &dyn Component) -> Result<String, String> {
    let card = component.card();
    let folder = format!("crates/components/src/{}", card.name);
    let page = super::read(root, &format!("{folder}/README.md"))?;
    let templates: Vec<String> = component
        .templates()
        .iter()
        .map(|template| format!("`templates/{}.j2`", template.name))
        .collect();
    let mut text = format!("\n## {}\n\n{}\n\n", card.name, card.summary);
    text += &format!("- Made for Debian 12: {}. Manual: <{}>\n", card.debian, card.manual);
    for need in card.needs {
        text += &format!("- Needs {need}\n");
    }
    if !templates.is_empty() {
        text += &format!("- Templates: {}\n", templates.join(", "));
    }
    text += &format!("- Folder: [`{folder}`](../{folder})\n\n");
    Ok(text + &deeper(untitled(&page), 1))
}
