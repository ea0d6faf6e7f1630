//! A host looks like a Debian machine from inside, and this machine is out of its reach.

use std::collections::BTreeMap;

use crate::bench::{Bench, any_image, lan};

#[test]
fn twin_host_sees_only_itself() {
    let bench = Bench::up(&lan("self", &["a"]));
    let first = bench.says("a", "cat /proc/1/cmdline | tr '\\0' ' '; hostname; cat /etc/hostname");
    assert_eq!(first, "/run/twin/init twin-init host /run/ketupa/test/self a a\na\n");
    let processes = bench.says("a", "ls -d /proc/[0-9]* | wc -l").trim().parse::<u32>().unwrap();
    assert!(processes < 6, "{processes} processes");
    assert_eq!(bench.says("a", "ls /sys/class/net | tr '\\n' ' '"), "eth0 lo ");
    assert_eq!(bench.says("a", "cat /sys/class/net/eth0/address"), "02:00:00:00:00:01\n");
    assert_eq!(
        bench.says("a", "ls /etc/systemd/system/ /etc/network/interfaces.d"),
        "/etc/network/interfaces.d:\n\n/etc/systemd/system/:\n"
    );
    let mounts = bench.says("a", "awk '{print $2}' /proc/mounts | sort | tr '\\n' ' '");
    let mounts = mounts.replace("/proc/kcore ", "").replace("/proc/sysrq-trigger ", "");
    let expected = "/ /dev /dev/pts /dev/shm /etc /home /opt /proc /proc/sys /proc/sys/net /root \
                    /run/twin/init /srv /sys /usr /usr/bin/systemctl /usr/local /var ";
    assert_eq!(mounts, expected);
}

#[test]
fn twin_host_cannot_change_this_machine() {
    let bench = Bench::up(&lan("jail", &["a"]));
    for forbidden in [
        "echo x > /usr/bin/x",
        // What is there already, lest a broken jail changes this machine.
        "was=$(cat /proc/sys/kernel/panic); echo $was > /proc/sys/kernel/panic",
        "was=$(cat /sys/kernel/profiling); echo $was > /sys/kernel/profiling",
        "date -s \"$(date +%FT%T.%N)\"",
        "modprobe dummy",
    ] {
        assert_ne!(bench.tries("a", forbidden).0, 0, "{forbidden}");
    }
    bench.says("a", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo x > /dev/null; echo y > /etc/x; ls /dev/net/tun");
    assert!(!std::path::Path::new("/etc/x").exists());
}

#[test]
fn twin_services_give_up_the_rights_over_this_machine() {
    let bench = Bench::up(&lan("rights", &["a"]));
    let unit = b"[Service]\nType=oneshot\nExecStart=/bin/sh -c 'grep CapBnd /proc/self/status > /root/rights'\n";
    bench.write("a", "/etc/systemd/system/rights.service", unit).unwrap();
    bench.says("a", "systemctl start rights");
    let rights = bench.says("a", "cat /root/rights; grep CapBnd /proc/self/status");
    for line in rights.lines() {
        let bits = u64::from_str_radix(line.rsplit('\t').next().unwrap(), 16).unwrap();
        for right in [16, 22, 25] {
            assert_eq!(bits & (1 << right), 0, "{line}: {right}");
        }
    }
}

#[test]
fn twin_image_checks_a_file_without_a_host() {
    let check = |text: &str| {
        let files = BTreeMap::from([("/etc/bird/bird.conf".to_owned(), text.as_bytes().to_vec())]);
        let words = ["bird", "-p", "-c", "/etc/bird/bird.conf"].map(str::to_owned);
        any_image().check(&files, &words).unwrap()
    };
    assert!(check("router id 1.1.1.1;\nprotocol device {}\n").status.success());
    let wrong = check("router id 1.1.1.1;\nprotocol nonsense {}\n");
    assert_eq!(wrong.status.code(), Some(1));
    let why = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(why.contains("bird.conf:2"), "{why}");
}

#[test]
fn twin_image_has_no_network_and_says_what_is_missing() {
    let run = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        any_image().run(&words).unwrap()
    };
    assert_eq!(String::from_utf8_lossy(&run(&["ls", "/sys/class/net"]).stdout), "lo\n");
    assert_eq!(run(&["sh", "-c", "exit 7"]).status.code(), Some(7));
    assert!(!run(&["no-such-program"]).status.success());
}
