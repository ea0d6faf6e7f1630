//! The watch itself: who watches it?

use super::{Alarm, Means, Severity};
use crate::group::Rule;
use model::Isp;

pub(super) fn alarms(isp: &Isp) -> Vec<Rule> {
    let lately = (isp.watch.interval.0 * 4).max(120);
    let blind = Alarm {
        name: "WatchBlind",
        severity: Severity::Critical,
        // Hosts are not heard of because nobody listens.
        means: Means::Down,
        hold_s: 60,
        // The server's own `up` is there even then.
        expr: format!("absent(last_over_time(up{{job=\"node\"}}[{lately}s]))"),
        summary: [
            "Nothing is heard of any machine any more",
            "Plus aucune mesure d'aucune machine n'arrive",
        ],
        act: [
            "The watch is cut off, or its disk is full: look at the server first, then at its network.",
            "La surveillance est isolée, ou son disque plein : voir d'abord le serveur, puis son réseau.",
        ],
        labels: &[("object", "isp"), ("part", "watch")],
    };
    let failing = Alarm {
        name: "RulesFail",
        severity: Severity::Warning,
        hold_s: 300,
        expr: "increase(prometheus_rule_evaluation_failures_total[10m]) > 0".into(),
        means: Means::Itself,
        summary: [
            "Rules of {{ $labels.rule_group }} cannot be evaluated",
            "Des règles de {{ $labels.rule_group }} ne peuvent être évaluées",
        ],
        act: [
            "GET /api/v1/rules shows which, and why (lastError).",
            "GET /api/v1/rules montre lesquelles, et pourquoi (lastError).",
        ],
        labels: &[("object", "isp"), ("part", "watch")],
    };
    let stranger = Alarm {
        name: "HostUndeclared",
        severity: Severity::Info,
        hold_s: 600,
        // Some hosts are declared and configured by somebody else, who gave them an agent.
        expr: "up{job=\"node\"} unless on (instance) ketupa:host:info unless on (instance) \
               label_replace(ketupa:object:info{object=~\"host[.].+\"}, \
               \"instance\", \"$1\", \"object\", \"host[.](.+)\")"
            .into(),
        means: Means::Itself,
        summary: [
            "{{ $labels.instance }} sends measurements and is not declared",
            "{{ $labels.instance }} envoie des mesures sans être déclarée",
        ],
        act: [
            "Declare it as [host.NAME], or stop its agent.",
            "La déclarer comme [host.NOM], ou arrêter son agent.",
        ],
        labels: &[("object", "isp"), ("part", "{{ $labels.instance }}")],
    };
    vec![blind.rule(), failing.rule(), stranger.rule(), behind().rule(), unread().rule()]
}

/// What is sent on to others may wait for weeks, and no longer.
fn behind() -> Alarm<'static> {
    Alarm {
        name: "ForwardBehind",
        severity: Severity::Warning,
        hold_s: 900,
        expr: "last_over_time(ketupa_forward_lag_seconds[2m]) > 900".into(),
        means: Means::Itself,
        summary: [
            "{{ $labels.to }} does not have the newest measurements: it is {{ $value | humanizeDuration }} behind",
            "{{ $labels.to }} n'a pas les dernières mesures : {{ $value | humanizeDuration }} de retard",
        ],
        act: [
            "The log of `ketupa serve` says what it answers; what waits is kept, 4 GiB of it at most.",
            "Le journal de `ketupa serve` dit ce qu'il répond ; ce qui attend est gardé, jusqu'à 4 Gio.",
        ],
        labels: &[("object", "isp"), ("part", "{{ $labels.to }}")],
    }
}

/// What is declared is read again and again, by somebody who edits it meanwhile: some minutes are theirs.
fn unread() -> Alarm<'static> {
    Alarm {
        name: "RulesUnread",
        severity: Severity::Warning,
        hold_s: 300,
        expr: "prometheus_config_last_reload_successful == 0".into(),
        means: Means::Itself,
        summary: [
            "The server cannot read what is declared, or a file of rules: it goes by what it read before",
            "Le serveur ne peut lire ce qui est déclaré, ou un fichier de règles : il suit ce qu'il a lu avant",
        ],
        act: [
            "`ketupa check` on the server's directory says what is wrong, `ketupa rules --check FILE` of one file.",
            "`ketupa check` sur le dossier du serveur dit ce qui ne va pas, `ketupa rules --check FICHIER` d'un seul.",
        ],
        labels: &[("object", "isp"), ("part", "watch")],
    }
}
