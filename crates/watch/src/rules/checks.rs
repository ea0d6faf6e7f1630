//! What is asked from several places: services, hosts, virtual addresses, certificates.

use super::{Alarm, Means, Severity, duty, record};
use crate::group::Rule;
use derive::checks::{self, Check, Question};
use model::kinds::{Certificate, Duty, Role, Service};
use model::{Id, Isp};

/// One series for each check, with how many places must say no.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let mut rules: Vec<Rule> =
        checks::of(isp).iter().flat_map(|check| of_check(isp, check)).collect();
    rules.extend(isp.watch.places.iter().map(|id| {
        let host = &isp.hosts[*id];
        let labels = [
            ("instance", host.name.as_str()),
            ("object", &host.at.key),
            ("duty", duty(isp, host.owner)),
        ];
        record("ketupa:place:info", "1", &labels)
    }));
    // Which of them fail: so many places say no.
    rules.push(Rule {
        expr: "ketupa:check:info <= on (check) group_left () count by (check) (probe_success == 0)"
            .into(),
        ..record("ketupa:check:failing", "1", &[])
    });
    rules
}

/// What is told of a check that hosts ask; of addresses that are held and of sessions there are other rules.
fn of_check(isp: &Isp, check: &Check) -> Vec<Rule> {
    let other = matches!(check.question, Question::Held(_) | Question::Session(_));
    if other || check.from.is_empty() {
        return Vec::new();
    }
    let (owner, agent) = answers_for(isp, &check.object);
    // Of a host with an agent it is the agent that tells.
    let severity = if agent { "warning" } else { "critical" };
    let labels = [
        ("check", check.name.as_str()),
        ("object", &check.object),
        ("duty", owner),
        ("severity", severity),
    ];
    let mut rules = vec![record("ketupa:check:info", &check.quorum.to_string(), &labels)];
    if matches!(check.question, Question::Certificate { .. }) {
        let labels: Vec<_> = labels.into_iter().filter(|(name, _)| *name != "severity").collect();
        rules.push(record("ketupa:check:certificate", "1", &labels));
    }
    rules
}

/// Who answers for an object, and whether it is a host with an agent.
fn answers_for<'a>(isp: &'a Isp, object: &str) -> (&'a str, bool) {
    let (kind, name) = object.split_once('.').unwrap_or_default();
    let id = isp.hosts.find(name).filter(|_| kind == "host");
    let host = id.map(|id| &isp.hosts[id]);
    let service = isp.services.find(name).map(|id| &isp.services[id]);
    let vip = isp.vips.find(name).map(|id| &isp.vips[id]).filter(|_| kind == "vip");
    let first = vip.and_then(|vip| vip.hosts.first()).map(|id| &isp.hosts[*id]);
    let certificate = isp.certificates.find(name).map(|id| &isp.certificates[id]);
    let owner = match kind {
        "service" => service.and_then(|service| service.owner),
        "certificate" => certificate.and_then(|certificate| presents(isp, certificate)),
        _ => host.or(first).and_then(|host| host.owner),
    };
    (duty(isp, owner), id.is_some_and(|id| checks::has_agent(isp, id)))
}

/// Who answers for a certificate: for what presents it, which is a proxy or a service.
pub(super) fn presents(isp: &Isp, certificate: &Certificate) -> Option<Id<Duty>> {
    let proxies = isp.with_role(Role::Proxy).filter_map(|(_, host)| host.owner);
    let shows = |service: &&Service| {
        let own = service.certificate.map(|id| &isp.certificates[id]);
        own.is_some_and(|own| own.name == certificate.name)
    };
    let services = isp.services.values().filter(shows).filter_map(|service| service.owner);
    proxies.chain(services).next()
}

pub(super) fn alarms() -> Vec<Rule> {
    let mut rules: Vec<Rule> =
        ["service", "host", "vip", "certificate"].into_iter().map(down).collect();
    rules.extend([slow(), unasked(), silent()]);
    rules.extend(certificates());
    rules
}

const LIST: &str = "{{ range printf \"ketupa:check:failing{object=\\\"%s\\\"}\" $labels.object | query }} \
                    {{ .Labels.check }}{{ end }}";

/// Objects of a kind whose checks fail: one alert for each, that lists them.
fn down(kind: &str) -> Rule {
    let name = match kind {
        "service" => "ServiceDown",
        "vip" => "VipUnreachable",
        "certificate" => "CertificateUnusable",
        _ => "HostUnreachable",
    };
    let expr = format!(
        "count by (object, duty, severity) (ketupa:check:failing{{object=~\"{kind}[.].+\"}})"
    );
    let summary = ["{{ $labels.object }} does not answer:", LIST].concat();
    let summary_fr = ["{{ $labels.object }} ne répond pas :", LIST].concat();
    let alarm = Alarm {
        name,
        severity: Severity::Told,
        means: Means::Down,
        hold_s: 60,
        expr,
        summary: [&summary, &summary_fr],
        act: [
            "Ask it yourself from outside. If only one family fails look at routes and firewalls, else at the host and its log.",
            "L'interroger soi-même de l'extérieur. Si une seule famille échoue voir routes et pare-feu, sinon l'hôte et son journal.",
        ],
        labels: &[],
    };
    alarm.rule()
}

fn slow() -> Rule {
    // Of those who reach it, the one in the middle: one place with a bad line makes nothing slow.
    let now = "quantile by (check) (0.5, avg_over_time(probe_duration_seconds{check=~\"service[.].+\"}[10m]) \
               and on (check, instance) probe_success == 1)";
    let usual = "quantile by (check) (0.5, \
                 avg_over_time(probe_duration_seconds{check=~\"service[.].+\"}[1d] offset 1h))";
    let expr = [
        "max by (object, duty) ((",
        now,
        " > 2 or (",
        now,
        " > 3 * ",
        usual,
        " and ",
        now,
        " > 0.5)) * on (check) group_left (object, duty) (ketupa:check:info ^ 0))",
    ]
    .concat();
    let alarm = Alarm {
        name: "ServiceSlow",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 600,
        expr,
        summary: [
            "{{ $labels.object }} takes {{ $value | humanizeDuration }} to answer",
            "{{ $labels.object }} met {{ $value | humanizeDuration }} à répondre",
        ],
        act: [
            "Load and disks of its host, then its database; is it slow from one place only?",
            "Charge et disques de son hôte, puis sa base de données ; lente depuis un seul endroit ?",
        ],
        labels: &[],
    };
    alarm.rule()
}

const UNASKED: &str = "{{ range printf \"ketupa:check:info{object=\\\"%s\\\"} unless on (check) probe_success\" \
                       $labels.object | query }} {{ .Labels.check }}{{ end }}";

/// Objects that nobody asks after any more: one alert for each, that lists the checks.
fn unasked() -> Rule {
    let summary = ["Nobody asks whether {{ $labels.object }} is well:", UNASKED].concat();
    let summary_fr = ["Personne ne vérifie plus {{ $labels.object }} :", UNASKED].concat();
    let alarm = Alarm {
        name: "CheckUnasked",
        severity: Severity::Warning,
        // Who asked is down.
        means: Means::Follows,
        hold_s: 900,
        expr: "count by (object, duty) (ketupa:check:info unless on (check) probe_success)".into(),
        summary: [&summary, &summary_fr],
        act: [
            "The hosts that ask are down or have an old configuration: ketupa checks names them.",
            "Les hôtes qui vérifient sont en panne ou mal configurés : ketupa checks les nomme.",
        ],
        labels: &[("part", "watch")],
    };
    alarm.rule()
}

/// A place that asks nothing: where one of three is missing, the other two have to agree.
fn silent() -> Rule {
    let alarm = Alarm {
        name: "PlaceSilent",
        severity: Severity::Warning,
        means: Means::Down,
        hold_s: 300,
        expr: "ketupa:place:info unless on (instance) probe_success".into(),
        summary: [
            "Nothing is asked from {{ $labels.instance }}, which [watch] names among the places",
            "Rien n'est vérifié depuis {{ $labels.instance }}, que [watch] nomme parmi les lieux",
        ],
        act: [
            "systemctl status ketupa-agent there; ketupa checks --host with its name prints what it asks.",
            "systemctl status ketupa-agent sur place ; ketupa checks --host avec son nom dit ce qu'elle vérifie.",
        ],
        labels: &[("part", "place")],
    };
    alarm.rule()
}

fn certificates() -> [Rule; 2] {
    let left = "min by (object, duty) ((probe_ssl_earliest_cert_expiry - time()) * on (check) \
                group_left (object, duty) ketupa:check:certificate)";
    let act = [
        "Renew it, put key and chain into the password store, and apply.",
        "Le renouveler, mettre clé et chaîne dans le coffre à mots de passe, puis appliquer.",
    ];
    let soon = Alarm {
        name: "CertificateExpires",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 600,
        expr: [left, " < 21 * 86400 >= 3 * 86400"].concat(),
        summary: [
            "{{ $labels.object }} expires in {{ $value | humanizeDuration }}",
            "{{ $labels.object }} expire dans {{ $value | humanizeDuration }}",
        ],
        act,
        labels: &[],
    };
    let now = Alarm {
        name: "CertificateExpiresNow",
        severity: Severity::Critical,
        expr: [left, " < 3 * 86400"].concat(),
        summary: [
            "{{ $labels.object }} {{ if gt $value 0.0 }}expires in {{ $value | humanizeDuration }}{{ else }}has expired{{ end }}",
            "{{ $labels.object }} {{ if gt $value 0.0 }}expire dans {{ $value | humanizeDuration }}{{ else }}a expiré{{ end }}",
        ],
        means: Means::Itself,
        hold_s: 600,
        act,
        labels: &[],
    };
    [soon.rule(), now.rule()]
}
