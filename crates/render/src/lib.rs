//! From a `Proof` to the tree of files of every host. The same ISP always gives the same bytes.

use component::{Component, HostTree, Templates, Tree};
use model::{Id, Isp, Named as _};
use prove::Proof;
use std::collections::BTreeMap;

pub use component::TemplateError;

/// Why a proved ISP could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderError {
    /// A template that the operator replaced does not work.
    Template(TemplateError),
    /// Two components want the same file or unit on a host.
    Clash {
        /// The host.
        host: String,
        /// The path or unit.
        what: String,
    },
}

impl std::fmt::Display for RenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Template(error) => error.fmt(f),
            Self::Clash { host, what } => write!(f, "two components want {what} on {host}"),
        }
    }
}

impl std::error::Error for RenderError {}

impl From<TemplateError> for RenderError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

/// Renders every host that Ketupa brings anything to. `replaced` holds the operator's own templates, by `component/file`.
///
/// # Errors
/// A replaced template that does not work.
pub fn tree(
    proof: &Proof<'_>,
    components: &[&dyn Component],
    replaced: &BTreeMap<String, String>,
) -> Result<Tree, RenderError> {
    let builtin = components.iter().flat_map(|component| component.templates().iter().copied());
    let templates = Templates::new(builtin, replaced)?;
    let isp = proof.isp();
    let converged = isp.hosts.iter().filter(|(id, _)| isp.is_converged(*id));
    let converged: Vec<Id<model::kinds::Host>> = converged.map(|(id, _)| id).collect();
    let part = |ids: &[Id<model::kinds::Host>]| -> Result<Vec<(String, HostTree)>, RenderError> {
        let one = |id: &Id<model::kinds::Host>| {
            let tree = host_tree(isp, *id, components, &templates)?;
            Ok((isp.hosts[*id].name().to_owned(), tree))
        };
        ids.iter().map(one).collect()
    };
    let mut hosts = BTreeMap::new();
    for rendered in at_once(&converged, part) {
        hosts.extend(rendered?);
    }
    Ok(Tree { hosts })
}

/// Fewer hosts than this are not worth a thread.
const PART: usize = 64;

/// Does parts of a long list at the same time; the results are in the order of the list.
fn at_once<T: Sync, R: Send>(all: &[T], part: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let size = all.len().div_ceil(threads).max(PART);
    std::thread::scope(|scope| {
        let parts = all.chunks(size).map(|ids| scope.spawn(|| part(ids)));
        let parts: Vec<_> = parts.collect();
        let joined = parts.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined.map(|done| done.unwrap_or_else(|why| std::panic::resume_unwind(why))).collect()
    })
}

/// Everything that one host shall hold.
fn host_tree(
    isp: &Isp,
    id: Id<model::kinds::Host>,
    components: &[&dyn Component],
    templates: &Templates,
) -> Result<HostTree, RenderError> {
    let mut whole = HostTree::default();
    for component in components.iter().filter(|component| component.runs_on(isp, id)) {
        let part = component.render(isp, id, templates)?;
        let host = || isp.hosts[id].name().to_owned();
        whole.merge(part).map_err(|clash| RenderError::Clash { host: host(), what: clash.0 })?;
    }
    Ok(whole)
}
