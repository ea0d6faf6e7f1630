//! Machines: whether they are heard of, and what they run short of.

use super::{Alarm, Means, Severity, duty, heard, on_host, record};
use crate::group::Rule;
use model::Isp;

/// One series for each host with an agent.
pub(super) fn records(isp: &Isp) -> Vec<Rule> {
    let hosts = isp.hosts.iter().filter(|(id, _)| derive::checks::has_agent(isp, *id));
    let one = |host: &model::kinds::Host| {
        let labels = [
            ("instance", host.name.as_str()),
            ("object", &host.at.key),
            ("duty", duty(isp, host.owner)),
        ];
        record("ketupa:host:info", "1", &labels)
    };
    hosts.map(|(_, host)| one(host)).collect()
}

/// What is told of a host that was measured on it.
pub(super) fn measured(mut alarm: Alarm<'_>) -> Rule {
    alarm.expr = on_host(&alarm.expr);
    alarm.rule()
}

/// What cannot wait for a minute.
pub(super) fn at_once(isp: &Isp) -> Vec<Rule> {
    let unseen = Alarm {
        name: "HostUnseen",
        severity: Severity::Critical,
        means: Means::Down,
        hold_s: 60,
        expr: ["ketupa:host:info unless on (instance) ", &heard(isp)].concat(),
        summary: [
            "{{ $labels.instance }} has not been heard of for more than a minute",
            "{{ $labels.instance }} ne donne plus signe de vie depuis plus d'une minute",
        ],
        act: [
            "Ping it, then its console. If only its agent is silent: systemctl status ketupa-agent.",
            "Un ping, puis sa console. Si seul son agent se tait : systemctl status ketupa-agent.",
        ],
        labels: &[],
    };
    let restarted = Alarm {
        name: "HostRestarted",
        severity: Severity::Info,
        means: Means::Itself,
        hold_s: 0,
        expr: "time() - node_boot_time_seconds < 600".into(),
        summary: [
            "{{ $labels.instance }} started less than ten minutes ago",
            "{{ $labels.instance }} a redémarré il y a moins de dix minutes",
        ],
        act: [
            "If nobody meant it: last -x, and the end of the log before (journalctl -b -1 -e).",
            "Si personne ne l'a voulu : last -x, et la fin du journal d'avant (journalctl -b -1 -e).",
        ],
        labels: &[],
    };
    let conntrack = Alarm {
        name: "ConntrackNearlyFull",
        severity: Severity::Critical,
        means: Means::Itself,
        hold_s: 120,
        expr: "node_nf_conntrack_entries / node_nf_conntrack_entries_limit > 0.8".into(),
        summary: [
            "{{ $labels.instance }} follows {{ $value | humanizePercentage }} of the connections that it can",
            "{{ $labels.instance }} suit {{ $value | humanizePercentage }} des connexions possibles",
        ],
        act: [
            "conntrack -L | awk '{print $4,$5}' | sort | uniq -c | sort -n: who has most. Then raise nf_conntrack_max.",
            "conntrack -L | awk '{print $4,$5}' | sort | uniq -c | sort -n : qui en a le plus. Puis augmenter nf_conntrack_max.",
        ],
        labels: &[],
    };
    vec![unseen.rule(), measured(restarted), measured(conntrack)]
}

/// What runs short.
pub(super) fn resources() -> Vec<Rule> {
    memory().into_iter().chain(load()).chain(clock()).chain(units()).map(measured).collect()
}

fn memory() -> [Alarm<'static>; 3] {
    let memory = Alarm {
        name: "MemoryLow",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 600,
        expr: "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.05".into(),
        summary: [
            "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its memory left",
            "{{ $labels.instance }} n'a plus que {{ $value | humanizePercentage }} de sa mémoire",
        ],
        act: [
            "ps aux --sort=-rss | head: who has it. Give it more memory, or make that program smaller.",
            "ps aux --sort=-rss | head : qui la tient. Lui donner de la mémoire, ou réduire ce programme.",
        ],
        labels: &[],
    };
    let killed = Alarm {
        name: "OutOfMemory",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 0,
        expr: "increase(node_vmstat_oom_kill[10m]) > 0".into(),
        summary: [
            "The kernel of {{ $labels.instance }} killed a process because memory was out",
            "Le noyau de {{ $labels.instance }} a tué un processus faute de mémoire",
        ],
        act: [
            "journalctl -k -g 'Out of memory': which one. Then as for MemoryLow.",
            "journalctl -k -g 'Out of memory' : lequel. Puis comme pour MemoryLow.",
        ],
        labels: &[],
    };
    let swap = Alarm {
        name: "SwapFull",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 900,
        expr: "node_memory_SwapFree_bytes / node_memory_SwapTotal_bytes < 0.1".into(),
        summary: [
            "{{ $labels.instance }} has {{ $value | humanizePercentage }} of its swap left",
            "{{ $labels.instance }} n'a plus que {{ $value | humanizePercentage }} de son espace d'échange",
        ],
        act: [
            "vmstat 5: does it swap all the time? Then it needs memory; else it is only full.",
            "vmstat 5 : échange-t-il sans cesse ? Alors il lui faut de la mémoire ; sinon il est juste plein.",
        ],
        labels: &[],
    };
    [memory, killed, swap]
}

fn load() -> [Alarm<'static>; 1] {
    [Alarm {
        name: "LoadHigh",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 1800,
        expr: "node_load15 / on (instance) count by (instance) (node_cpu_seconds_total{mode=\"idle\"}) > 2"
            .into(),
        summary: [
            "{{ $labels.instance }} has {{ $value | humanize }} things to do for each processor",
            "{{ $labels.instance }} a {{ $value | humanize }} tâches en attente par processeur",
        ],
        act: [
            "top: is it processors or disks (wa)? On a virtual machine look at its hypervisor, too.",
            "top : processeurs ou disques (wa) ? Pour une machine virtuelle, voir aussi son hyperviseur.",
        ],
        labels: &[],
    }]
}

fn clock() -> [Alarm<'static>; 2] {
    let off = Alarm {
        name: "ClockOff",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 300,
        expr: "abs(node_timex_offset_seconds) > 0.05".into(),
        summary: [
            "The clock of {{ $labels.instance }} is {{ $value | humanizeDuration }} off",
            "L'horloge de {{ $labels.instance }} est décalée de {{ $value | humanizeDuration }}",
        ],
        act: [
            "timedatectl timesync-status or chronyc sources: which server, and does it answer?",
            "timedatectl timesync-status ou chronyc sources : quel serveur, et répond-il ?",
        ],
        labels: &[],
    };
    let alone = Alarm {
        name: "ClockUnsynchronised",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 900,
        expr: "node_timex_sync_status == 0".into(),
        summary: [
            "Nothing keeps the clock of {{ $labels.instance }} right",
            "Rien ne tient l'horloge de {{ $labels.instance }} à l'heure",
        ],
        act: [
            "systemctl status systemd-timesyncd chrony: one of them must run and reach a server (udp/123).",
            "systemctl status systemd-timesyncd chrony : l'un doit tourner et joindre un serveur (udp/123).",
        ],
        labels: &[],
    };
    [off, alone]
}

fn units() -> [Alarm<'static>; 3] {
    let unit = Alarm {
        name: "UnitFailed",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 120,
        expr: "node_systemd_unit_state{state=\"failed\",name!~\"ketupa-.+[.]service\"} == 1".into(),
        summary: [
            "{{ $labels.name }} on {{ $labels.instance }} failed",
            "{{ $labels.name }} sur {{ $labels.instance }} est en échec",
        ],
        act: [
            "systemctl status and journalctl -u with its name; mend it, then systemctl restart.",
            "systemctl status et journalctl -u avec son nom ; réparer, puis systemctl restart.",
        ],
        labels: &[],
    };
    let timer = Alarm {
        name: "TimerFailed",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 120,
        expr: "node_systemd_unit_state{state=\"failed\",name=~\"ketupa-.+[.]service\"} == 1".into(),
        summary: [
            "What {{ $labels.name }} does on {{ $labels.instance }} failed the last time",
            "La dernière exécution de {{ $labels.name }} sur {{ $labels.instance }} a échoué",
        ],
        act: [
            "journalctl -u with its name says why; systemctl start runs it again at once.",
            "journalctl -u avec son nom dit pourquoi ; systemctl start la relance aussitôt.",
        ],
        labels: &[],
    };
    let overdue = Alarm {
        name: "TimerOverdue",
        severity: Severity::Warning,
        means: Means::Itself,
        hold_s: 600,
        // Three times as long as between two of the runs of the last week, on an average: from the first to the
        // last of them, so that the time in which it does not run changes nothing about it. What runs less often
        // than every third day is not judged.
        expr: "time() - node_systemd_timer_last_trigger_seconds > \
               3 * (node_systemd_timer_last_trigger_seconds \
               - min_over_time(node_systemd_timer_last_trigger_seconds[7d])) \
               / (changes(node_systemd_timer_last_trigger_seconds[7d]) > 1)"
            .into(),
        summary: [
            "{{ $labels.name }} on {{ $labels.instance }} last ran {{ $value | humanizeDuration }} ago",
            "{{ $labels.name }} sur {{ $labels.instance }} n'a plus tourné depuis {{ $value | humanizeDuration }}",
        ],
        act: [
            "systemctl list-timers: is it enabled, and when is its next run?",
            "systemctl list-timers : est-il actif, et quand tourne-t-il la prochaine fois ?",
        ],
        labels: &[],
    };
    [unit, timer, overdue]
}
