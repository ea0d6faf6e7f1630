//! Services and the certificates in front of them, as places all over the world see them.

use super::{Fault, NOTHING, happen};
use crate::provider::Scene;
use crate::telling::{Told, unanswered, value};

const PLACES: &[&str] = &["probe-01", "probe-02", "monitoring"];

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "down-for-one-place",
        breaks: |at, told| {
            if at.host == "probe-01" {
                unanswered(told, |object| object == "service.cube");
            }
        },
        minutes: 6,
        fires: &[],
        ..NOTHING
    },
    Fault {
        name: "down-for-two-places",
        breaks: |at, told| {
            if ["probe-01", "monitoring"].contains(&at.host) {
                unanswered(told, |object| object == "service.cube");
            }
        },
        minutes: 3,
        fires: &["ServiceDown service.cube"],
        ..NOTHING
    },
    Fault {
        // A place whose own line is bad is outvoted, and makes nothing slow.
        name: "a-place-without-a-line",
        host: "probe-02",
        breaks: |_, told| unanswered(told, |_| true),
        past: (1, PLACES),
        step: 60,
        minutes: 25,
        fires: &[],
        ..NOTHING
    },
    Fault {
        name: "slow",
        breaks: |at, told| slow(at, told, 3.5),
        step: 120,
        minutes: 20,
        fires: &["ServiceSlow service.files"],
        mended: 8,
        ..NOTHING
    },
    Fault {
        name: "slower-than-usual",
        breaks: |at, told| slow(at, told, 0.9),
        past: (1, PLACES),
        step: 120,
        minutes: 20,
        fires: &["ServiceSlow service.files"],
        mended: 8,
        ..NOTHING
    },
    Fault {
        name: "expires",
        breaks: |at, told| expires(at, told, 15.0),
        step: 60,
        minutes: 12,
        fires: &["CertificateExpires certificate.neutrinet"],
        ..NOTHING
    },
    Fault {
        name: "expires-now",
        breaks: |at, told| expires(at, told, 1.5),
        step: 60,
        minutes: 12,
        fires: &["CertificateExpiresNow certificate.neutrinet"],
        ..NOTHING
    },
    Fault {
        name: "expired",
        breaks: |at, told| {
            expires(at, told, -0.5);
            unanswered(told, |object| object == "certificate.neutrinet");
        },
        step: 60,
        minutes: 12,
        fires: &[
            "CertificateUnusable certificate.neutrinet",
            "  CertificateExpiresNow certificate.neutrinet",
        ],
        ..NOTHING
    },
];

#[test]
fn services() {
    happen(FAULTS);
}

/// Nextcloud takes its time, wherever it is asked from.
fn slow(at: &Scene<'_>, told: &mut Told, seconds: f64) {
    if PLACES.contains(&at.host) {
        value(told, "probe_duration_seconds", &[("object", "service.files")], seconds);
    }
}

/// The certificate has some days left.
fn expires(at: &Scene<'_>, told: &mut Told, days: f64) {
    for (series, value) in told {
        if series.get(metrics::NAME) == "probe_ssl_earliest_cert_expiry" {
            *value = at.now + days * 86_400.0;
        }
    }
}
