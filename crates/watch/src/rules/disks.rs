//! Disks: what they hold, how they are, which are there.

use super::hosts::measured;
use super::{Alarm, Means, Severity};
use crate::group::Rule;

/// File systems that are on a disk and written to.
const ON_DISK: &str = "{fstype=~\"ext[234]|xfs|btrfs|f2fs|zfs|jfs|vfat\"}";

/// Disks and file systems.
pub(super) fn alarms() -> Vec<Rule> {
    let left = ["node_filesystem_avail_bytes", ON_DISK, " / node_filesystem_size_bytes"].concat();
    let all = space(&left).into_iter().chain(files()).chain(hardware()).chain(inventory());
    all.map(measured).collect()
}

fn space(left: &str) -> [Alarm<'static>; 3] {
    let act = [
        "df -h, then du -xsh on the largest directories. Logs: journalctl --vacuum-size=500M.",
        "df -h, puis du -xsh sur les plus gros répertoires. Journaux : journalctl --vacuum-size=500M.",
    ];
    let summary = [
        "{{ $labels.mountpoint }} on {{ $labels.instance }} has {{ $value | humanizePercentage }} left",
        "Il reste {{ $value | humanizePercentage }} sur {{ $labels.mountpoint }} de {{ $labels.instance }}",
    ];
    let full = Alarm {
        name: "DiskFull",
        severity: Severity::Critical,
        means: Means::Itself,
        hold_s: 300,
        expr: [left, " < 0.03"].concat(),
        summary,
        act,
        labels: &[],
    };
    let nearly = Alarm {
        name: "DiskNearlyFull",
        severity: Severity::Warning,
        hold_s: 600,
        expr: [left, " < 0.1 >= 0.03"].concat(),
        means: Means::Itself,
        summary,
        act,
        labels: &[],
    };
    let soon = Alarm {
        name: "DiskFillsSoon",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 3600,
        // Over six hours and over the last one: a dump that came and went an hour ago makes no trend.
        expr: [&falls("6h"), " and ", &falls("1h"), " and ", left, " < 0.4"].concat(),
        summary: [
            "{{ $labels.mountpoint }} on {{ $labels.instance }} will be full within a day if it goes on so",
            "{{ $labels.mountpoint }} sur {{ $labels.instance }} sera plein d'ici un jour à ce rythme",
        ],
        act,
        labels: &[],
    };
    [full, nearly, soon]
}

/// Where nothing would be left in a day, if it went on as within a time.
fn falls(within: &str) -> String {
    format!("predict_linear(node_filesystem_avail_bytes{ON_DISK}[{within}], 86400) < 0")
}

fn files() -> [Alarm<'static>; 2] {
    let inodes = Alarm {
        name: "InodesFew",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 600,
        expr: "node_filesystem_files_free / (node_filesystem_files > 0) < 0.1".into(),
        summary: [
            "{{ $labels.mountpoint }} on {{ $labels.instance }} can hold few more files: {{ $value | humanizePercentage }} left",
            "{{ $labels.mountpoint }} sur {{ $labels.instance }} ne peut plus guère recevoir de fichiers : reste {{ $value | humanizePercentage }}",
        ],
        act: [
            "du --inodes -xS / | sort -n | tail: where the many small files are.",
            "du --inodes -xS / | sort -n | tail : où sont les nombreux petits fichiers.",
        ],
        labels: &[],
    };
    let readonly = Alarm {
        name: "FilesystemReadOnly",
        severity: Severity::Critical,
        means: Means::Itself,
        hold_s: 60,
        expr: "node_filesystem_readonly{fstype=~\"ext[234]|xfs|btrfs|f2fs|jfs\"} == 1".into(),
        summary: [
            "{{ $labels.mountpoint }} on {{ $labels.instance }} can only be read",
            "{{ $labels.mountpoint }} sur {{ $labels.instance }} est en lecture seule",
        ],
        act: [
            "journalctl -k: an error of the disk makes it so. Save what is on it before you repair.",
            "journalctl -k : une erreur du disque en est la cause. Sauver son contenu avant de réparer.",
        ],
        labels: &[],
    };
    [inodes, readonly]
}

const REPLACE: [&str; 2] = [
    "smartctl -a says more. Order another one, see that backups are good, replace it.",
    "smartctl -a en dit plus. En commander un autre, vérifier les sauvegardes, le remplacer.",
];

fn hardware() -> [Alarm<'static>; 4] {
    let sick = Alarm {
        name: "DiskSick",
        severity: Severity::Critical,
        means: Means::Itself,
        hold_s: 60,
        expr: "smartctl_device_smart_status == 0".into(),
        summary: [
            "The disk {{ $labels.device }} of {{ $labels.instance }} says that it will fail",
            "Le disque {{ $labels.device }} de {{ $labels.instance }} annonce sa panne",
        ],
        act: REPLACE,
        labels: &[],
    };
    let errors = Alarm {
        name: "DiskErrors",
        severity: Severity::Warning,
        hold_s: 0,
        expr:
            "increase(smartctl_device_media_errors[1h]) > 0 or smartctl_device_critical_warning > 0"
                .into(),
        means: Means::Itself,
        summary: [
            "The disk {{ $labels.device }} of {{ $labels.instance }} counts new errors",
            "Le disque {{ $labels.device }} de {{ $labels.instance }} compte de nouvelles erreurs",
        ],
        act: REPLACE,
        labels: &[],
    };
    let worn = Alarm {
        name: "DiskWorn",
        severity: Severity::Warning,
        hold_s: 3600,
        expr: "smartctl_device_percentage_used > 90 or \
               smartctl_device_available_spare < smartctl_device_available_spare_threshold"
            .into(),
        means: Means::Itself,
        summary: [
            "The disk {{ $labels.device }} of {{ $labels.instance }} is worn out",
            "Le disque {{ $labels.device }} de {{ $labels.instance }} est usé",
        ],
        act: REPLACE,
        labels: &[],
    };
    [sick, errors, worn, hot()]
}

fn hot() -> Alarm<'static> {
    Alarm {
        name: "DiskHot",
        severity: Severity::Warning,
        hold_s: 1800,
        expr: "smartctl_device_temperature{temperature_type=\"current\"} > 60".into(),
        means: Means::Itself,
        summary: [
            "The disk {{ $labels.device }} of {{ $labels.instance }} has {{ $value }} degrees",
            "Le disque {{ $labels.device }} de {{ $labels.instance }} est à {{ $value }} degrés",
        ],
        act: [
            "Look after the fans and what blows at it; are its neighbours as hot?",
            "Voir les ventilateurs et ce qui souffle dessus ; ses voisins sont-ils aussi chauds ?",
        ],
        labels: &[],
    }
}

fn inventory() -> [Alarm<'static>; 2] {
    let gone = Alarm {
        name: "DiskGone",
        severity: Severity::Critical,
        means: Means::Itself,
        hold_s: 30,
        expr: "ketupa_disk_present == 0".into(),
        summary: [
            "A disk of {{ $labels.instance }} is gone: {{ $labels.model }} {{ $labels.serial }}",
            "Un disque de {{ $labels.instance }} a disparu : {{ $labels.model }} {{ $labels.serial }}",
        ],
        act: [
            "Pulled on purpose: forget it in the agent's list. Else look at cables, then at the disk.",
            "Retiré exprès : l'oublier dans la liste de l'agent. Sinon voir les câbles, puis le disque.",
        ],
        labels: &[],
    };
    let new = Alarm {
        name: "DiskNew",
        severity: Severity::Info,
        means: Means::Itself,
        hold_s: 0,
        expr: "increase(ketupa_disk_events_total{event=\"appeared\"}[15m]) > 0".into(),
        summary: [
            "{{ $labels.instance }} has a disk that nobody knew",
            "{{ $labels.instance }} a un disque inconnu",
        ],
        act: [
            "If nobody plugged it in, ask who did: journalctl -u ketupa-agent names it.",
            "Si personne ne l'a branché, chercher qui : journalctl -u ketupa-agent le nomme.",
        ],
        labels: &[],
    };
    [gone, new]
}
