//! Costs: every one belongs to something, is paid in time, and fits the budget.

use crate::tell::wrong_in;
use jiff::civil::date;
use model::kinds::{Cost, Host, MachineKind};
use model::{Finding, Isp, cost};
use std::collections::BTreeSet;

/// P16-COST.
pub(crate) fn loose(isp: &Isp) -> Vec<Finding> {
    let loose = |cost: &&Cost| cost.host.is_none() && cost.provider.is_none();
    let told = |cost: &Cost| {
        let says = format!("{} names neither a host nor a provider", cost.at.key);
        wrong_in(&cost.at, "host", says)
            .hint("add `host = …` or `provider = …`: what is it for, and who is paid?")
    };
    isp.costs.values().filter(loose).map(told).collect()
}

/// P16-RENTED.
pub(crate) fn rented(isp: &Isp) -> Vec<Finding> {
    let paid: BTreeSet<_> = isp.costs.values().filter_map(|cost| cost.host).collect();
    let free = isp
        .hosts
        .iter()
        .filter(|(id, host)| host.kind == MachineKind::Rented && !paid.contains(id));
    let told = |host: &Host| {
        let says = format!("{} is rented, and no cost pays for it", host.at.key);
        wrong_in(&host.at, "kind", says)
            .hint("add [cost.NAME] with `host` and `amount`, \"0.00\" if it is a gift")
    };
    free.map(|(_, host)| told(host)).collect()
}

/// P16-BUDGET.
pub(crate) fn budget(isp: &Isp) -> Vec<Finding> {
    let Some(budget) = isp.about.budget else { return Vec::new() };
    // The day moves renewals only.
    let Ok(finances) = cost::finances(isp, date(2000, 1, 1), &[]) else { return Vec::new() };
    let month = cost::sum(&finances.lines, |line| line.month);
    if month <= budget {
        return Vec::new();
    }
    let currency = &isp.about.currency;
    let says = format!(
        "{} costs are {month} {currency} a month, and the budget is {budget}",
        isp.costs.len()
    );
    vec![
        wrong_in(&isp.about.at, "budget", says)
            .hint("`ketupa cost --without NAME` says what leaving something out saves"),
    ]
}
