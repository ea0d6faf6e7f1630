//! What `VRRPv3` and keepalived ask of a VIP.

use component::{Invariant, Level};
use model::{Finding, Isp, Named as _};

/// Every rule of this daemon.
pub(super) const ALL: &[Invariant] = &[Invariant {
    code: "KEEPALIVED-ADVERT",
    title: "VRRPv3 can say the advertisement interval of every VIP",
    level: Level::Error,
    page: "VRRPv3 carries the interval in hundredths of a second, in twelve bits: 10 to 40950 \
           milliseconds in steps of 10 (RFC 5798 section 5.2.7). keepalived rounds what does not \
           fit, and two hosts that round differently never agree on a master.\n\n\
           Mend it with a multiple of ten: `advert_ms = 200`.",
    find: adverts,
}];

fn adverts(isp: &Isp) -> Vec<Finding> {
    let fits = |ms: u16| (10..=40_950).contains(&ms) && ms.is_multiple_of(10);
    let wrong = isp.vips.values().filter(|vip| !fits(vip.advert_ms));
    wrong
        .map(|vip| {
            let says = format!(
                "VIP `{}`: {} ms between advertisements is not in steps of 10 from 10 to 40950",
                vip.name(),
                vip.advert_ms
            );
            Finding::error("KEEPALIVED-ADVERT", vip.at.place, says)
                .hint("write a multiple of ten, such as `advert_ms = 200`")
        })
        .collect()
}
