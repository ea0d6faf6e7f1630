//! What is asked from several places, and copies that must not be old.

use super::{Alarm, Means, Severity, duty, record};
use crate::group::Rule;
use derive::checks::{self, Check, Question};
use model::Isp;

/// One series for each check, with how many places must say no.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let mut rules: Vec<Rule> =
        checks::of(isp).iter().flat_map(|check| of_check(isp, check)).collect();
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
    let host = isp.hosts.find(name).map(|id| &isp.hosts[id]).filter(|_| kind == "host");
    let service = isp.services.find(name).map(|id| &isp.services[id]);
    let vip = isp.vips.find(name).map(|id| &isp.vips[id]).filter(|_| kind == "vip");
    let first = vip.and_then(|vip| vip.hosts.first()).map(|id| &isp.hosts[*id]);
    let owner = match kind {
        "service" => service.and_then(|service| service.owner),
        _ => host.or(first).and_then(|host| host.owner),
    };
    (duty(isp, owner), host.is_some_and(checks::has_agent))
}

pub(super) fn alarms() -> Vec<Rule> {
    let mut rules: Vec<Rule> =
        ["service", "host", "vip", "certificate"].into_iter().map(down).collect();
    rules.extend([slow(), unasked()]);
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
    let now = "avg by (check) (avg_over_time(probe_duration_seconds[10m]))";
    let usual = "avg by (check) (avg_over_time(probe_duration_seconds[1d] offset 1h))";
    let expr = [
        now,
        " * on (check) group_left (object, duty) (ketupa:check:info{object=~\"service[.].+\"} ^ 0) > 2 or ",
        "(",
        now,
        " > 3 * ",
        usual,
        " and ",
        now,
        " > 0.5) * on (check) group_left (object, duty) (ketupa:check:info{object=~\"service[.].+\"} ^ 0)",
    ]
    .concat();
    let alarm = Alarm {
        name: "ServiceSlow",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 600,
        expr,
        summary: [
            "{{ $labels.check }} takes {{ $value | humanizeDuration }} to answer",
            "{{ $labels.check }} met {{ $value | humanizeDuration }} à répondre",
        ],
        act: [
            "Load and disks of its host, then its database; is it slow from one place only?",
            "Charge et disques de son hôte, puis sa base de données ; lente depuis un seul endroit ?",
        ],
        labels: &[],
    };
    alarm.rule()
}

fn unasked() -> Rule {
    let alarm = Alarm {
        name: "CheckUnasked",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 900,
        expr: "ketupa:check:info unless on (check) probe_success".into(),
        summary: [
            "Nobody asks whether {{ $labels.check }} is well",
            "Personne ne vérifie plus {{ $labels.check }}",
        ],
        act: [
            "The hosts that ask are down or have an old configuration: ketupa apply renews their agents.",
            "Les hôtes qui vérifient sont en panne ou mal configurés : ketupa apply renouvelle leurs agents.",
        ],
        labels: &[("severity", "warning"), ("part", "watch")],
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
            "{{ $labels.object }} expires in {{ $value | humanizeDuration }}",
            "{{ $labels.object }} expire dans {{ $value | humanizeDuration }}",
        ],
        means: Means::Itself,
        hold_s: 600,
        act,
        labels: &[],
    };
    [soon.rule(), now.rule()]
}

/// One series for each backup: how often it is made.
pub(super) fn backups(isp: &Isp) -> Vec<Rule> {
    let one = |backup: &model::kinds::Backup| {
        let labels = [("backup", backup.name.as_str()), ("object", &backup.at.key)];
        record("ketupa:backup:every", &backup.every.0.to_string(), &labels)
    };
    isp.backups.values().map(one).collect()
}

pub(super) fn backup_alarms() -> Vec<Rule> {
    let alarm = Alarm {
        name: "BackupOld",
        severity: Severity::Critical,
        means: Means::Itself,
        hold_s: 600,
        expr: "ketupa:backup:every * 2 < on (backup) group_left () \
               (time() - max by (backup) (ketupa_backup_last_success_seconds))"
            .into(),
        summary: [
            "The backup {{ $labels.backup }} was missed twice",
            "La sauvegarde {{ $labels.backup }} a manqué deux fois",
        ],
        act: [
            "Run it by hand and read what it says; is there room where the copies are?",
            "La lancer à la main et lire ce qu'elle dit ; y a-t-il de la place là où vont les copies ?",
        ],
        labels: &[],
    };
    vec![alarm.rule()]
}
