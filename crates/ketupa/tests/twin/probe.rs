//! Watching a network from inside while something happens to it: pings, and who answers for an address.

use std::io::Read as _;
use std::net::Ipv4Addr;
use std::process::{Child, Stdio};

use crate::stage::Living;

/// Pings that go on while something happens.
pub(crate) struct Pings {
    child: Child,
}

impl Pings {
    /// Twenty pings a second, for so many seconds.
    pub(crate) fn start(network: &Living, from: &str, to: &str, seconds: u32) -> Self {
        let count = (seconds * 20).to_string();
        let words = ["ping", "-n", "-D", "-O", "-i", "0.05", "-c", &count, to];
        Self { child: network.twin().spawn(from, &words).unwrap() }
    }

    /// Waits for the last; the longest time without an answer, in seconds.
    pub(crate) fn longest_gap(self) -> f64 {
        let output = self.child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let times = |wanted: fn(&str) -> bool| {
            let lines = text.lines().filter(move |line| wanted(line));
            lines.filter_map(|line| line.strip_prefix('[')?.split_once(']')?.0.parse().ok())
        };
        let mut answers: Vec<f64> = times(|line| line.contains("bytes from")).collect();
        assert!(answers.len() > 20, "hardly anything answered: {text}");
        // Who never answered again was silent until the end.
        answers.extend(times(|_| true).next_back());
        answers.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max)
    }
}

/// Questions who has an IPv4 address, asked by one host of all, and what is heard.
pub(crate) struct Questions {
    host: String,
    asker: Child,
    listener: Child,
    address: Ipv4Addr,
}

/// A file that says that enough was asked.
const ENOUGH: &str = "/run/enough";

/// What was heard.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// How often the host asked.
    pub(crate) questions: usize,
    /// How many questions were answered.
    pub(crate) answered: usize,
    /// How many were answered more than once.
    pub(crate) twice: usize,
    /// The hardware addresses that answered.
    pub(crate) macs: Vec<String>,
}

impl Questions {
    /// Asks some eight times a second, until somebody wants to know what was heard.
    pub(crate) fn start(network: &Living, from: (&str, &str), of: Ipv4Addr) -> Self {
        let (host, nic) = from;
        let words = ["timeout", "310", "tcpdump", "-l", "-n", "-tt", "-i", nic, "arp"];
        let mut listener = network.twin().command(host, &words).unwrap();
        let listener = listener.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut listener = listener.spawn().unwrap();
        // Its first words say that it listens.
        let mut first = [0_u8; 1];
        listener.stderr.as_mut().unwrap().read_exact(&mut first).unwrap();
        let ask = format!(
            "until [ -e {ENOUGH} ]; do arping -b -c 1 -w 1 -I {nic} {of} > /dev/null; sleep 0.1; done; \
             rm {ENOUGH}; pkill -INT -x tcpdump"
        );
        let asker = network.twin().spawn(host, &["timeout", "300", "sh", "-c", &ask]).unwrap();
        Self { host: host.to_owned(), asker, listener, address: of }
    }

    /// Asks no more; what was heard.
    pub(crate) fn heard(mut self, network: &Living) -> Heard {
        network.says(&self.host, &format!("touch {ENOUGH}"));
        self.asker.wait().unwrap();
        let output = self.listener.wait_with_output().unwrap();
        heard(&String::from_utf8_lossy(&output.stdout), self.address)
    }
}

/// Whose questions come this close together are answered together: the kernel asks beside `arping`.
const TOGETHER: f64 = 0.05;

fn heard(text: &str, address: Ipv4Addr) -> Heard {
    let mut heard = Heard::default();
    let (mut asked, mut answers, mut since) = (0, 0, 0.0);
    for line in text.lines() {
        let Some((time, line)) = line.split_once(' ') else { continue };
        let Ok(time) = time.parse::<f64>() else { continue };
        if line.contains(&format!("Request who-has {address} ")) {
            // A new master that makes itself known asks for its own address.
            if line.contains(&format!(" tell {address},")) {
                continue;
            }
            if time - since > TOGETHER {
                (asked, answers) = (0, 0);
            }
            (asked, since) = (asked + 1, time);
            heard.questions += 1;
        } else if let Some((_, mac)) = line.split_once(&format!("Reply {address} is-at ")) {
            answers += 1;
            heard.answered += usize::from(answers <= asked);
            heard.twice += usize::from(answers > asked);
            heard.macs.extend(mac.split(',').next().map(str::to_owned));
        }
    }
    heard.macs.sort();
    heard.macs.dedup();
    heard
}

#[test]
fn two_questions_at_once_may_have_two_answers_and_one_may_not() {
    let question = "Request who-has 192.0.2.1 tell 192.0.2.9, length 28";
    let answer = "Reply 192.0.2.1 is-at 00:00:5e:00:01:32, length 28";
    let own = "Request who-has 192.0.2.1 tell 192.0.2.1, length 28";
    let said = [
        ("1.00", question),
        ("1.01", question),
        ("1.02", answer),
        ("1.02", answer),
        ("2.00", question),
        ("3.00", question),
        ("3.00", answer),
        ("3.01", own),
        ("3.01", answer),
    ];
    let text = said.map(|(time, said)| format!("{time} {said}")).join("\n");
    let heard = heard(&text, Ipv4Addr::new(192, 0, 2, 1));
    assert_eq!((heard.questions, heard.answered, heard.twice), (4, 3, 1));
}
