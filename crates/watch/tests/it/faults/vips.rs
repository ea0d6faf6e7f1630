//! Virtual addresses: nobody holds one, two do, another one does, and it does not answer.

use super::{Fault, NOTHING, dead, happen};
use crate::telling::{Told, unanswered, value};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "unheld",
        host: "core-01",
        breaks: |_, told| held(told, "vip.patata", 0.0),
        minutes: 2,
        fires: &["VipUnheld vip.patata"],
        mended: 1,
        ..NOTHING
    },
    Fault {
        name: "twice",
        host: "core-02",
        breaks: |_, told| held(told, "vip.infra", 1.0),
        minutes: 2,
        fires: &["VipHeldTwice vip.infra"],
        mended: 1,
        ..NOTHING
    },
    Fault {
        name: "moved",
        breaks: |at, told| match at.host {
            "core-01" => held(told, "vip.patata", 0.0),
            "core-02" => held(told, "vip.patata", 1.0),
            _ => {}
        },
        minutes: 3,
        fires: &["VipMoved vip.patata"],
        mended: 1,
        ..NOTHING
    },
    Fault {
        name: "moved-because-one-died",
        breaks: |at, told| dead(at, told, &|host| host == "lb-01"),
        minutes: 5,
        fires: &["HostUnseen host.lb-01", "  HostUnreachable host.lb-01", "  VipMoved vip.proxy"],
        ..NOTHING
    },
    Fault {
        name: "unreachable",
        breaks: |_, told| unanswered(told, |object| object == "vip.fw-uplink"),
        minutes: 3,
        fires: &["VipUnreachable vip.fw-uplink"],
        ..NOTHING
    },
    Fault {
        // Everything behind the proxies, by one address.
        name: "proxy",
        breaks: |at, told| {
            let behind = |object: &str| {
                object.starts_with("service.")
                    || object.starts_with("certificate.")
                    || object == "vip.proxy"
            };
            unanswered(told, behind);
            if at.host == "lb-01" {
                held(told, "vip.proxy", 0.0);
            }
        },
        minutes: 3,
        fires: &[
            "VipUnheld vip.proxy",
            "  VipUnreachable vip.proxy",
            "  CertificateUnusable certificate.neutrinet",
            "  ServiceDown service.accounting",
            "  ServiceDown service.admin",
            "  ServiceDown service.api",
            "  ServiceDown service.cube",
            "  ServiceDown service.support",
            "  ServiceDown service.user",
            "  ServiceDown service.chat",
            "  ServiceDown service.doc",
            "  ServiceDown service.files",
            "  ServiceDown service.meta",
            "  ServiceDown service.s3",
            "  ServiceDown service.wiki",
        ],
        ..NOTHING
    },
];

#[test]
fn vips() {
    happen(FAULTS);
}

fn held(told: &mut Told, vip: &str, holds: f64) {
    value(told, "ketupa_vip_held", &[("vip", vip)], holds);
}
