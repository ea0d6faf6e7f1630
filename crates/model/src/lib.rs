//! The declared ISP: TOML in, one typed, linked `Isp` and every finding out. Never reads a file.
//!
//! [`load`] takes the texts and gives an [`Isp`] whose references are resolved, or the complete
//! list of what is wrong. [`kinds`] is the vocabulary; [`ask`] answers the questions that several
//! stages have; [`finding`] is how every stage tells the operator.

pub mod ask;
pub mod codes;
pub mod cost;
pub mod finding;
pub mod kinds;
mod fields;
mod front;
mod load;
mod names;
mod proof;
pub mod source;
pub mod table;
pub mod value;
pub mod vrrp;

pub use fields::At;
pub use finding::{Finding, Severity};
pub use load::{Isp, Loaded, load};
pub use source::{Place, Source};
pub use table::{Id, Named, Table};
