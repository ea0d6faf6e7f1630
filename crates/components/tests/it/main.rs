//! Every component renders its cases as kept, and all folders are furnished alike.

mod checkers_bird;
mod checkers_filter;
mod checkers_host;
mod checkers_web;
mod packets;
mod smart;

use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(name)
}

#[test]
fn every_case_renders_as_kept() {
    for component in components::ALL {
        let name = component.card().name;
        assert!(testkit::cases::render(*component, &folder(name)) > 0, "{name} has no case");
    }
}

#[test]
fn every_folder_has_the_same_furniture() {
    for component in components::ALL {
        let folder = folder(component.card().name);
        for piece in ["mod.rs", "render.rs", "README.md", "templates", "cases"] {
            assert!(folder.join(piece).exists(), "{} lacks {piece}", folder.display());
        }
    }
}
