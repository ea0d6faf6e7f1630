//! One folder per daemon, all alike; one literal ordered list. A component never knows another.

pub mod accounts;
pub mod agent;
pub mod apt;
pub mod bird;
pub mod caddy;
pub mod conntrackd;
pub mod haproxy;
pub mod interfaces;
pub mod keepalived;
pub mod local;
pub mod nftables;
pub mod routinator;
pub mod stayrtr;
pub mod sysctl;

use component::Component;

/// Every component, in the order in which a host needs them.
pub const ALL: &[&dyn Component] = &[
    &accounts::Accounts,
    &apt::Apt,
    &local::Local,
    &sysctl::Sysctl,
    &interfaces::Interfaces,
    &nftables::Nftables,
    &conntrackd::Conntrackd,
    &keepalived::Keepalived,
    &bird::Bird,
    &stayrtr::Stayrtr,
    &routinator::Routinator,
    &haproxy::Haproxy,
    &caddy::Caddy,
    &agent::Agent,
];
