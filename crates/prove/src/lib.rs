//! Lints and proofs on the model: the only maker of a `Proof`. Never reads rendered text.
