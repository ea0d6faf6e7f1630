//! Hosts that are not here: trees with what their kernels said.

use agent::collect::gather;
use agent::tree::Root;
use std::path::PathBuf;

/// A tree of files that goes with the test.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("agent-tree-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            std::fs::write(path, text).expect("the file");
        }
        Self(root)
    }

    fn gather(&self) -> String {
        gather(&agent::Source {
            root: Root::new(&self.0),
            textfile: None,
            smart: None,
            bird: "/nowhere".into(),
            with: vec!["interrupts".into()],
        })
        .write()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn holds(told: &str, lines: &[&str]) {
    for line in lines {
        assert!(told.lines().any(|told| told == *line), "{line}\nis not in\n{told}");
    }
}

const IRON: &[(&str, &str)] = &[
    ("sys/class/hwmon/hwmon0/name", "coretemp\n"),
    ("sys/class/hwmon/hwmon0/temp1_input", "42000\n"),
    ("sys/class/hwmon/hwmon0/temp1_label", "Package id 0\n"),
    ("sys/class/hwmon/hwmon0/temp1_crit", "100000\n"),
    ("sys/class/hwmon/hwmon0/temp1_crit_alarm", "0\n"),
    ("sys/class/hwmon/hwmon0/fan2_input", "1200\n"),
    ("sys/class/hwmon/hwmon0/fan2_min", "600\n"),
    ("sys/class/hwmon/hwmon0/in0_input", "1104\n"),
    ("sys/class/hwmon/hwmon0/power1_average", "25000000\n"),
    ("sys/class/thermal/cooling_device0/type", "Processor\n"),
    ("sys/class/thermal/cooling_device0/cur_state", "0\n"),
    ("sys/class/thermal/cooling_device0/max_state", "10\n"),
    ("sys/class/thermal/thermal_zone0/type", "acpitz\n"),
    ("sys/class/thermal/thermal_zone0/temp", "27800\n"),
    ("sys/class/power_supply/ADP1/online", "1\n"),
    ("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1200000\n"),
    (
        "proc/schedstat",
        "version 15\ntimestamp 1\ncpu0 0 0 0 0 0 0 2000000000 500000000 77\ndomain0 3 0\n",
    ),
    ("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n"),
    ("proc/pressure/irq", "full avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n"),
    (
        "proc/interrupts",
        "           CPU0       CPU1\n  8:  1  2  IO-APIC  8-edge  rtc0\nNMI:  3  4  Non-maskable interrupts\nERR:  0\n",
    ),
    (
        "run/udev/data/b8:0",
        "E:ID_MODEL=WDC_WD40\nE:ID_SERIAL_SHORT=WD-1\nE:ID_WWN=0x50014ee2\nE:ID_PATH=pci-0\n",
    ),
    (
        "proc/diskstats",
        "   8       0 sda 10 1 16 500 20 2 32 700 0 900 1200 0 0 0 0 5 6\n   8       1 sda1 1 1 1 1\n",
    ),
];
const IRON_SAYS: &[&str] = &[
    "node_hwmon_chip_names{chip=\"coretemp\",chip_name=\"coretemp\"} 1",
    "node_hwmon_temp_celsius{chip=\"coretemp\",sensor=\"temp1\"} 42",
    "node_hwmon_temp_crit_celsius{chip=\"coretemp\",sensor=\"temp1\"} 100",
    "node_hwmon_temp_crit_alarm_celsius{chip=\"coretemp\",sensor=\"temp1\"} 0",
    "node_hwmon_sensor_label{chip=\"coretemp\",label=\"package_id_0\",sensor=\"temp1\"} 1",
    "node_hwmon_fan_rpm{chip=\"coretemp\",sensor=\"fan2\"} 1200",
    "node_hwmon_fan_min_rpm{chip=\"coretemp\",sensor=\"fan2\"} 600",
    "node_hwmon_in_volts{chip=\"coretemp\",sensor=\"in0\"} 1.104",
    "node_hwmon_power_average_watt{chip=\"coretemp\",sensor=\"power1\"} 25",
    "node_cooling_device_max_state{name=\"0\",type=\"Processor\"} 10",
    "node_thermal_zone_temp{type=\"acpitz\",zone=\"0\"} 27.8",
    "node_power_supply_online{power_supply=\"ADP1\"} 1",
    "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1200000000",
    "node_schedstat_running_seconds_total{cpu=\"0\"} 2",
    "node_schedstat_timeslices_total{cpu=\"0\"} 77",
    "node_pressure_cpu_waiting_seconds_total 1.5",
    "node_pressure_irq_stalled_seconds_total 2",
    "node_interrupts_total{cpu=\"1\",devices=\"8-edge rtc0\",info=\"IO-APIC\",type=\"8\"} 2",
    "node_interrupts_total{cpu=\"0\",devices=\"\",info=\"Non-maskable interrupts\",type=\"NMI\"} 3",
    "node_disk_read_bytes_total{device=\"sda\"} 8192",
    "node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",model=\"WDC_WD40\",path=\"pci-0\",revision=\"\",serial=\"WD-1\",wwn=\"0x50014ee2\"} 1",
];

#[test]
fn a_server_of_iron_tells_its_sensors() {
    let tree = Tree::new("iron", IRON);
    holds(&tree.gather(), IRON_SAYS);
}

#[test]
fn processor_times_do_not_fall_unless_the_processor_was_off() {
    let tree = Tree::new("falls", &[("proc/stat", "cpu 1\ncpu0 100 0 50 1000 20 0 0 0 7 0\n")]);
    let says = |times: &str, lines: [(&str, &str); 3]| {
        std::fs::write(tree.0.join("proc/stat"), format!("cpu0 {times}\n")).expect("the file");
        let line = |(mode, value): (&str, &str)| {
            format!("node_cpu_seconds_total{{cpu=\"0\",mode=\"{mode}\"}} {value}")
        };
        let lines = lines.map(line);
        holds(&tree.gather(), &lines.each_ref().map(String::as_str));
    };
    tree.gather();
    says("101 0 50 999 18 0 0 0 7 0", [("user", "1.01"), ("idle", "10"), ("iowait", "0.2")]);
    says("102 0 50 1001 21 0 0 0 7 0", [("user", "1.02"), ("idle", "10.01"), ("iowait", "0.21")]);
    says("5 0 1 700 0 0 0 0 0 0", [("user", "0.05"), ("idle", "7"), ("iowait", "0")]);
    // A line that is longer than it was, as after a change of kernels under one tree.
    says("6", [("user", "0.06"), ("user", "0.06"), ("user", "0.06")]);
    says("6 0 1 701 1", [("user", "0.06"), ("idle", "7.01"), ("iowait", "0.01")]);
}

#[test]
fn more_sockets_than_can_be_read_are_an_error_and_no_lower_number() {
    let line = |number: usize| {
        format!("{number:6}: 0100007F:1F90 00000000:0000 0A 00000000:00000000 {:>100}\n", 0)
    };
    let head = "  sl  local_address rem_address   st tx_queue rx_queue\n";
    let (few, many): (String, String) =
        ((0..3).map(line).collect(), (0..60_000).map(line).collect());
    let (few, many) = (format!("{head}{few}"), format!("{head}{many}"));
    let listen = "node_tcp_connection_states{state=\"listen\"} ";
    let success = "node_scrape_collector_success";
    for (v4, v6, right) in [(&few, &few, true), (&many, &few, false), (&few, &many, false)] {
        let files = ["tcp", "tcp6", "udp", "udp6"].map(|file| format!("proc/net/{file}"));
        let texts = [v4, v6, v4, v6];
        let files: Vec<(&str, &str)> =
            files.iter().map(String::as_str).zip(texts.map(String::as_str)).collect();
        let told = Tree::new("many", &files).gather();
        let went = u8::from(right);
        holds(
            &told,
            &[
                &format!("{success}{{collector=\"tcpstat\"}} {went}"),
                &format!("{success}{{collector=\"udp_queues\"}} {went}"),
            ],
        );
        assert_eq!(told.contains(&format!("{listen}6\n")), right);
        assert!(right || !told.contains(listen), "nothing is told of a part");
    }
    holds(
        &Tree::new("only-v4", &[("proc/net/tcp", &few), ("proc/net/udp", &few)]).gather(),
        &[&format!("{listen}3"), &format!("{success}{{collector=\"udp_queues\"}} 1")],
    );
}

#[test]
fn a_collector_that_fails_says_so_and_the_others_go_on() {
    let tree = Tree::new(
        "broken",
        &[("proc/loadavg", "0.5 nonsense\n"), ("proc/sys/fs/file-nr", "10\t0\t20\n")],
    );
    holds(
        &tree.gather(),
        &[
            "node_scrape_collector_success{collector=\"loadavg\"} 0",
            "node_scrape_collector_success{collector=\"meminfo\"} 0",
            "node_scrape_collector_success{collector=\"filefd\"} 1",
            "node_filefd_allocated 10",
        ],
    );
}

/// Whatever the kernel's files hold, the agent says something and does not fall.
#[test]
fn no_file_makes_it_fall() {
    const FILES: [&str; 22] = [
        "proc/stat",
        "proc/loadavg",
        "proc/meminfo",
        "proc/vmstat",
        "proc/net/dev",
        "proc/net/netstat",
        "proc/net/snmp",
        "proc/net/snmp6",
        "proc/net/sockstat",
        "proc/net/softnet_stat",
        "proc/net/arp",
        "proc/net/tcp",
        "proc/net/udp",
        "proc/net/stat/nf_conntrack",
        "proc/diskstats",
        "proc/schedstat",
        "proc/interrupts",
        "proc/pressure/cpu",
        "proc/1/stat",
        "proc/1/mounts",
        "etc/os-release",
        "sys/class/net/eth0/ifindex",
    ];
    const TEXTS: [&str; 8] = [
        "",
        "\n",
        ":\n:\n",
        "cpu\ncpu0 x\n",
        "a b c d e f g h\n1 2 3 4 5 6 7 8\n",
        "((((\n))))\n",
        "é: 99999999999999999999999999 kB\n\u{0}\n",
        "-1 -1 -1 -1 -1: -1:-1 =-1 total=\n",
    ];
    for (number, text) in TEXTS.iter().enumerate() {
        let files = FILES.map(|file| (file, *text));
        let told = Tree::new(&format!("strange-{number}"), &files).gather();
        assert!(told.contains("node_scrape_collector_success"));
    }
}
