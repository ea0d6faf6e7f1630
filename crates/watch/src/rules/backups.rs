//! Copies: whether they are made, and that somebody says so.
//!
//! What makes them is the operator's choice. It tells the agent, by a file of a line, when it last succeeded.

use super::{Alarm, Means, Severity, duty, record};
use crate::group::Rule;
use model::Isp;
use model::kinds::Backup;

/// One series for each backup: how often it is made.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let one = |backup: &Backup| {
        let labels = [
            ("backup", backup.name.as_str()),
            ("object", &backup.at.key),
            ("duty", duty(isp, isp.hosts[backup.to].owner)),
        ];
        record("ketupa:backup:every", &backup.every.0.to_string(), &labels)
    };
    isp.backups.values().map(one).collect()
}

pub(super) fn alarms() -> Vec<Rule> {
    let old = Alarm {
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
    let unseen = Alarm {
        name: "BackupUnseen",
        severity: Severity::Warning,
        means: Means::Follows,
        hold_s: 3600,
        expr: "ketupa:backup:every unless on (backup) ketupa_backup_last_success_seconds".into(),
        summary: [
            "Nobody tells whether the backup {{ $labels.backup }} is made",
            "Personne ne dit si la sauvegarde {{ $labels.backup }} se fait",
        ],
        act: [
            "After each success write ketupa_backup_last_success_seconds to the agent's textfile directory: docs/agent.md.",
            "Après chaque succès, écrire ketupa_backup_last_success_seconds dans le répertoire textfile de l'agent : docs/agent.md.",
        ],
        labels: &[],
    };
    vec![old.rule(), unseen.rule()]
}
