//! STAND-IN: the only file that stands for the engine until `verify` has it. Each function here has the
//! signature that the command calls; replace this file by `pub(super) use verify::{…}`.

use model::Isp;
use model::value::Port;
use std::net::IpAddr;
use verify::{Answerers, Diff, Failure, Order, Paths, Report, WhatIf};

/// What a proof looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// How many things may be broken at once.
    pub(crate) failures: u8,
    /// The day on which waivers are judged.
    pub(crate) today: jiff::civil::Date,
}

/// The packet that is asked about, in words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    pub(crate) port: Option<Port>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the engine's options will grow")]
/// `verify::prove`: judges every property.
pub(crate) fn prove(_: &Isp, options: &Options) -> Report {
    let _ = options.today;
    let extent = verify::report::Extent { failures: options.failures, ..Default::default() };
    Report { extent, ..Report::default() }
}

/// `verify::ask::singles`: what each single failure changes, for the page's slider.
pub(crate) fn singles(_: &Isp) -> Vec<WhatIf> {
    Vec::new()
}

/// `verify::ask::path`: one answer for each family that the packet can have.
pub(crate) fn path(_: &Isp, asked: &Asked<'_>, _: &Failure) -> Result<Vec<Paths>, String> {
    let _ = asked.port;
    Err(format!("no engine yet for the way from {} to {}", asked.from, asked.to))
}

/// `verify::ask::who_answers`.
pub(crate) fn who_answers(_: &Isp, address: IpAddr, failure: &Failure) -> Answerers {
    Answerers { failure: failure.clone(), address, hosts: Vec::new() }
}

/// `verify::ask::what_if`.
pub(crate) fn what_if(_: &Isp, failure: &Failure) -> WhatIf {
    WhatIf { failure: failure.clone(), ..WhatIf::default() }
}

/// `verify::diff::diff`.
pub(crate) fn diff(_: &Isp, _: &Isp) -> Diff {
    Diff::default()
}

/// `verify::order::order`.
pub(crate) fn order(_: &Isp) -> Order {
    Order::default()
}
