//! Copies: whether they are made, and that somebody says so.
//!
//! What makes them is the operator's choice. Where the unit that does is declared, each host that is saved tells
//! of its own; else somebody tells the agent, by a file of a line, when it last succeeded.

use super::{Alarm, Means, Severity, duty, record};
use crate::group::Rule;
use derive::checks::has_agent;
use model::kinds::{Backup, Host};
use model::{Id, Isp, Named as _};

/// What was told: by each host, and by whichever host it was.
const TOLD: &str = "(max by (backup, instance) (ketupa_backup_last_success_seconds) \
                    or max by (backup) (ketupa_backup_last_success_seconds))";

/// One series for each backup, or for each host that makes it: how often it is made.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    isp.backups.values().flat_map(|backup| records_of(isp, backup)).collect()
}

fn records_of(isp: &Isp, backup: &Backup) -> Vec<Rule> {
    let one = |host: &str| {
        let labels = [
            ("backup", backup.name.as_str()),
            ("object", &backup.at.key),
            ("instance", host),
            ("part", host),
            ("duty", duty(isp, isp.hosts[backup.to].owner)),
        ];
        record("ketupa:backup:every", &backup.every.0.to_string(), &labels)
    };
    let tells = |id: &Id<Host>| isp.hosts[*id].managed && has_agent(isp, *id);
    let tell: Vec<Id<Host>> = match backup.unit {
        Some(_) => isp.saved(backup).into_iter().filter(tells).collect(),
        None => Vec::new(),
    };
    if tell.is_empty() {
        return vec![one("")];
    }
    tell.into_iter().map(|id| one(isp.hosts[id].name())).collect()
}

pub(super) fn alarms() -> Vec<Rule> {
    let old = Alarm {
        name: "BackupOld",
        severity: Severity::Critical,
        means: Means::Itself,
        hold_s: 600,
        expr: format!(
            "ketupa:backup:every * 2 < on (backup, instance) group_left () (time() - {TOLD})"
        ),
        summary: [
            "The backup {{ $labels.backup }}{{ with $labels.part }} of {{ . }}{{ end }} was missed twice",
            "La sauvegarde {{ $labels.backup }}{{ with $labels.part }} de {{ . }}{{ end }} a manqué deux fois",
        ],
        act: [
            "Run it by hand and read what it says; is there room where the copies are?",
            "La lancer à la main et lire ce qu'elle dit ; y a-t-il de la place là où vont les copies ?",
        ],
        labels: &[],
    };
    let unseen = Alarm {
        name: "BackupUnseen",
        severity: Severity::Warning,
        means: Means::Follows,
        hold_s: 3600,
        expr: format!("ketupa:backup:every unless on (backup, instance) {TOLD}"),
        summary: [
            "Nobody tells whether the backup {{ $labels.backup }}{{ with $labels.part }} of {{ . }}{{ end }} is made",
            "Personne ne dit si la sauvegarde {{ $labels.backup }}{{ with $labels.part }} de {{ . }}{{ end }} se fait",
        ],
        act: [
            "Declare the unit that makes it, or let it write ketupa_backup_last_success_seconds itself: docs/agent.md. Where the unit is declared: systemctl status with its name.",
            "Déclarer l'unité qui la fait, ou la laisser écrire elle-même ketupa_backup_last_success_seconds : docs/agent.md. Si l'unité est déclarée : systemctl status avec son nom.",
        ],
        labels: &[],
    };
    vec![old.rule(), unseen.rule()]
}
