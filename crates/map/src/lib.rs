//! Draws the network from the model as SVG: layered by role, the same on every run.
//!
//! [`svg`] gives one picture that needs no other file. Other networks stand on top, then the
//! segments shared with them, border routers, backbones, routers, LANs and what lives on them.
//! Every object carries its key as `data-key` and a tooltip; [`Colours`] says how each one does.

mod arrange;
mod buses;
mod card;
mod draw;
mod layout;
mod legend;
mod levels;
mod net;
mod page;
mod shape;
mod state;

pub use legend::{Entry, legend};
pub use state::{Colours, State};

/// The picture of an ISP.
pub fn svg(isp: &model::Isp, colours: &Colours) -> String {
    draw::svg(&layout::picture(isp), colours)
}

#[cfg(test)]
mod tests;
