//! Lines as the machines of a provider write them: ten hosts, ten programs, a day. Made by chance, the same each
//! time: nobody is in them.

use logs::Labels;

use crate::bench::chance::Chance;

const HOSTS: usize = 10;
/// A word that a few lines of all have.
pub(super) const RARE: &str = "softlockup_7731";
/// Once in so many lines.
const SELDOM: usize = 100_000;

/// A program: its unit, how many of a hundred lines are its own, what it writes.
type Unit = (&'static str, usize, &'static [&'static str]);

const UNITS: [Unit; 10] = [
    (
        "nginx.service",
        34,
        &[
            r#"{ip} - - "GET /{path} HTTP/1.1" 200 {n} "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0""#,
            r#"{ip} - - "POST /api/v4/{path} HTTP/2.0" 201 {n} "https://chat.isp.example/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36""#,
            r#"{ip} - - "GET /{path}?page={n} HTTP/1.1" 404 153 "-" "Googlebot/2.1 (+http://www.google.com/bot.html)""#,
        ],
    ),
    (
        "ssh.service",
        14,
        &[
            "Failed password for invalid user {user} from {ip} port {port} ssh2",
            "Connection closed by authenticating user root {ip} port {port} [preauth]",
            "Accepted publickey for {user} from {ip} port {port} ssh2: ED25519 SHA256:{hex}{hex}",
            "Disconnected from user {user} {ip} port {port}",
        ],
    ),
    (
        "bird.service",
        8,
        &[
            "edge{n}_4: Received: Hold timer expired",
            "transit_6: Error: BGP session with {ip} (AS{n}) closed: Cease/Administrative shutdown",
            "Kernel dropped some netlink messages, will resync on next scan.",
        ],
    ),
    (
        "postgresql@15-main.service",
        8,
        &[
            "[{n}] LOG:  duration: {ms} ms  statement: SELECT id, name FROM member WHERE number = {n} AND left_at IS NULL",
            "[{n}] ERROR:  duplicate key value violates unique constraint \"lease_address_key\"",
            "[{n}] LOG:  checkpoint complete: wrote {n} buffers; write={ms} s, sync={ms} s",
        ],
    ),
    (
        "mattermost.service",
        10,
        &[
            r#"{"timestamp":"{when}","level":"debug","msg":"Received HTTP request","caller":"web/handlers.go:187","method":"GET","url":"/api/v4/{path}","request_id":"{hex}{hex}","status_code":"200"}"#,
            r#"{"timestamp":"{when}","level":"error","msg":"Failed to send push notification","caller":"app/notification_push.go:{n}","user_id":"{hex}","error":"context deadline exceeded"}"#,
        ],
    ),
    (
        "opensmtpd.service",
        9,
        &[
            "{hex} smtp connected address={ip} host=mail{n}.example.org",
            "{hex} mta delivery evpid={hex}{hex} from=<{user}@isp.example> to=<{user}@example.org> result=\"Ok\" stat=\"250 2.0.0 Ok: queued as {hex}\" delay={n}s",
        ],
    ),
    (
        "kea-dhcp4-server.service",
        6,
        &[
            "INFO  DHCP4_LEASE_ALLOC [hwtype=1 {mac}], cid=[01:{mac}], tid=0x{hex}: lease {ip} has been allocated for 3600 seconds",
            "WARN  ALLOC_ENGINE_V4_ALLOC_FAIL [hwtype=1 {mac}]: failed to allocate an IPv4 address after {n} attempt(s)",
        ],
    ),
    (
        "kernel",
        5,
        &[
            "[{n}.{n}] nft drop IN=wan0 OUT= MAC={mac} SRC={ip} DST={ip} LEN=60 TTL={n} PROTO=TCP SPT={port} DPT={port} SYN",
            "[{n}.{n}] EXT4-fs error (device vdb): ext4_lookup:{n}: inode #{n}: comm borg: deleted inode referenced: {n}",
        ],
    ),
    (
        "init.scope",
        4,
        &[
            "Started session-{n}.scope - Session {n} of User {user}.",
            "Finished logrotate.service - Rotate log files.",
            "borg.service: Consumed {ms}s CPU time.",
        ],
    ),
    (
        "cron.service",
        2,
        &["({user}) CMD (test -x /usr/sbin/anacron || run-parts /etc/cron.hourly)"],
    ),
];

/// One line, of which host and unit it is, and when it was written in nanoseconds.
pub(super) struct Line {
    pub(super) time: i64,
    pub(super) host: usize,
    pub(super) unit: &'static str,
    pub(super) text: String,
}

/// The stream of a host's unit.
pub(super) fn labels(host: usize, unit: &str) -> Labels {
    let host = format!("host{host}");
    Labels::new([("job", "journal"), ("host", host.as_str()), ("unit", unit)])
}

/// So many lines of the day before a time.
pub(super) fn lines(count: usize, end: i64) -> impl Iterator<Item = Line> {
    let mut chance = Chance(7);
    let between = logs::DAY / count as i64;
    (0..count).map(move |n| {
        let time = end - (count - n) as i64 * between + chance.below(1000) as i64;
        let host = chance.below(HOSTS);
        let (unit, texts) = unit(chance.below(100));
        let template = texts.get(chance.below(texts.len())).copied().unwrap_or_default();
        let mut text = filled(template, time, &mut chance);
        if n % SELDOM == SELDOM / 2 {
            text = format!("watchdog: {RARE} on CPU#{} for {}s", n % 7, n % 60);
        }
        Line { time, host, unit, text }
    })
}

fn unit(mut percent: usize) -> (&'static str, &'static [&'static str]) {
    for (unit, share, texts) in UNITS {
        if percent < share {
            return (unit, texts);
        }
        percent -= share;
    }
    ("cron.service", &["nothing"])
}

/// A template with its places filled.
fn filled(template: &str, time: i64, chance: &mut Chance) -> String {
    let mut text = String::with_capacity(template.len() + 60);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let place = after
            .split_once('}')
            .and_then(|(word, rest)| place(word, time, chance).map(|filled| (filled, rest)));
        if let Some((filled, after)) = place {
            text.push_str(&filled);
            rest = after;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

fn place(word: &str, time: i64, chance: &mut Chance) -> Option<String> {
    let mut below = |bound| chance.below(bound);
    Some(match word {
        "ip" => format!("{}.{}.{}.{}", 1 + below(223), below(256), below(256), below(256)),
        "port" => (1024 + below(64_000)).to_string(),
        "user" => {
            (*["admin", "test", "oracle", "git", "anna", "bob", "backup"].get(below(7))?).into()
        }
        "hex" => format!("{:04x}{:04x}", below(65_536), below(65_536)),
        "mac" => format!("52:54:00:{:02x}:{:02x}:{:02x}", below(256), below(256), below(256)),
        "ms" => format!("{}.{:03}", below(900), below(1000)),
        "n" => below(30_000).to_string(),
        "path" => {
            let first = *["users", "channels", "posts", "img", "static", "feed"].get(below(6))?;
            format!("{first}/{:04x}{:04x}", below(65_536), below(2048))
        }
        "when" => time.to_string(),
        _ => return None,
    })
}
