//! The contract between a daemon's folder and the house: what a component declares, renders and checks.
//!
//! A component is one daemon (or one part of the system) that Ketupa configures. It reads the model
//! and nothing else, and gives plain data: files, units, packages, checks and probes. It never knows
//! another component, the transport, or the twin. All components stand in one ordered list,
//! `components::ALL`; the binary hands that list to the stages.

pub mod invariant;
pub mod templates;
pub mod tree;

pub use invariant::{Invariant, Level};
pub use templates::{Template, TemplateError, Templates};
pub use tree::{Check, Directory, File, HostTree, OnChange, Probe, Tree, Unit, User, UserSort};

use model::kinds::Host;
use model::{Id, Isp};

/// One daemon's folder, seen from the house.
pub trait Component: Sync {
    /// What it is, for the manual.
    fn card(&self) -> &'static Card;

    /// Whether a host runs it: follows from the host's role and from what is declared.
    fn runs_on(&self, isp: &Isp, host: Id<Host>) -> bool;

    /// Its files, units, packages, checks and probes on one host.
    ///
    /// # Errors
    /// Only for a template that the operator replaced: the built-in ones are tested.
    fn render(
        &self,
        isp: &Isp,
        host: Id<Host>,
        templates: &Templates,
    ) -> Result<HostTree, TemplateError>;

    /// Its built-in templates.
    fn templates(&self) -> &'static [Template] {
        &[]
    }

    /// What must hold for it, beyond what the house checks of every model.
    fn invariants(&self) -> &'static [Invariant] {
        &[]
    }
}

/// What a component is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// The name of its folder.
    pub name: &'static str,
    /// One sentence: what it does for the provider.
    pub summary: &'static str,
    /// The Debian package and the version that the rendered files are made for.
    pub debian: &'static str,
    /// The upstream manual.
    pub manual: &'static str,
    /// Features that need a newer or full version, each with that version: "roles: 2.0.11".
    pub needs: &'static [&'static str],
}
