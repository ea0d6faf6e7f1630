//! Real daemons' own checkers read every file of both examples. Needs root, and the twin's image.

use component::tree::{secret_mark, secret_references};
use component::{HostTree, Tree};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use twin::{Image, Site, image};

/// Gives the host its interfaces, which keepalived wants to see, and runs every checker.
const SCRIPT: &str = r#"
set -eu
find /usr/local/lib/ketupa /etc/conntrackd -type f -exec chmod 755 {} + 2>/dev/null || true
number=0
for nic in $(sed -n 's/^auto //p' /etc/network/interfaces); do
    [ "$nic" = lo ] && continue
    number=$((number + 1))
    ip link add "$nic" type veth peer name "peer$number"
done
mkdir -p /run/haproxy
sh -eu /run/checks
"#;

fn tree(example: &str) -> Tree {
    let isp = testkit::isp(&testkit::example(example));
    let today = jiff::civil::date(2022, 1, 15);
    let proof = prove::prove(&isp, components::ALL, today).expect("the example is right");
    render::tree(&proof, components::ALL, &BTreeMap::new()).expect("built-in templates work")
}

/// A key with its certificate: a password as good as any other, too.
fn pem() -> String {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj /CN=test -keyout - -out -";
    let output = Command::new("openssl").args(words.split_whitespace()).output();
    String::from_utf8(output.expect("run openssl").stdout).expect("a PEM is text")
}

/// The files of a host with something in the place of every secret.
fn files(tree: &HostTree, pem: &str) -> BTreeMap<String, Vec<u8>> {
    let revealed = |text: &str, secret: &str| {
        let marks = secret_references(text).into_iter().map(secret_mark);
        marks.fold(text.to_owned(), |text, mark| text.replace(&mark, secret))
    };
    let mut files = BTreeMap::new();
    for (path, file) in &tree.files {
        let secret = if path.contains("/certs/") { pem } else { "a-secret" };
        let text = revealed(&file.text, secret);
        if Path::new(path).extension().is_some_and(|kind| kind == "json") {
            let read = serde_json::from_str::<serde_json::Value>(&text);
            assert!(read.is_ok(), "{path}: {read:?}");
        }
        files.insert(path.clone(), text.into_bytes());
    }
    let quoted = |words: &[String]| {
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ") + "\n"
    };
    let checks: String = tree.checks.iter().map(|check| quoted(&check.command)).collect();
    files.insert("/run/checks".to_owned(), checks.into_bytes());
    files
}

#[test]
fn every_file_of_the_examples_is_accepted_by_its_daemon() {
    let site = Site::with(crate::run::KETUPA);
    let image = Image::ensure(&site, image::PACKAGES, &mut |_| ()).expect("make the image");
    let pem = pem();
    let mut checked = BTreeMap::<String, usize>::new();
    for example in ["minimal", "neutrinet"] {
        for (host, tree) in &tree(example).hosts {
            let command = ["timeout", "60", "sh", "-c", SCRIPT].map(str::to_owned);
            let output = image.check(&files(tree, &pem), &command).expect("start a container");
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(output.status.success(), "{example}: {host}: {said}");
            for bad in ["WARNING", "warning", "deprecated"] {
                assert!(!said.contains(bad), "{example}: {host}: {said}");
            }
            for check in &tree.checks {
                *checked.entry(check.component.clone()).or_default() += 1;
            }
        }
    }
    for (component, least) in
        [("bird", 10), ("nftables", 30), ("keepalived", 8), ("haproxy", 2), ("caddy", 5)]
    {
        assert!(checked.get(component) >= Some(&least), "{component}: {checked:?}");
    }
}
