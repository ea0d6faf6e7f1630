//! Lints and proofs on the model: the only maker of a `Proof`. Never reads rendered text.

use model::Isp;

/// An ISP that broke no rule. Only this crate can make one, and only from a proof can be rendered.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'a> {
    isp: &'a Isp,
}

impl<'a> Proof<'a> {
    /// The ISP that was proved.
    pub fn isp(&self) -> &'a Isp {
        self.isp
    }
}
