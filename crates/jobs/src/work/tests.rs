//! What processes look like, as somebody reads them in `ps`.

use super::{Environment, Site, Work, work};
use crate::spec::{Spec, all};
use std::collections::BTreeMap;
use std::path::Path;

const ISP: &str = r#"
[isp]
name = "Test"
asn = 65001
domain = "example.net"

[site.here]

[host.mail-01]
site = "here"
role = "server"

[job.converge]
does = "converge"
hosts = ["mail-01"]

[job.drift]
does = "drift"

[job.mail]
does = "playbook"
playbook = "playbooks/mail.yml"
hosts = ["mail-01"]
vault = "env:VAULT"
parameters = ["release"]

[job.local]
does = "playbook"
playbook = "community.general.some"
inventory = "localhost,"

[job.clean]
does = "command"
command = ["/usr/bin/find", "/srv/it's", "-name", "$(reboot)"]
parameters = ["release"]
"#;

fn spec(name: &str) -> Spec {
    let loaded = model::load(&[model::Source::new("isp.toml", ISP.as_bytes())]);
    let isp = loaded.isp.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    all(&isp).unwrap().remove(name).unwrap()
}

fn made(name: &str, vault: Option<&str>, parameters: &[(&str, &str)]) -> Work {
    let site = Site {
        program: "/usr/bin/ketupa".into(),
        directory: "/srv/it's".into(),
        reach: vec!["--workers".into(), "4".into()],
        ssh_config: Some("/etc/ketupa/it's".into()),
    };
    let parameters: BTreeMap<String, String> =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    work(&spec(name), &parameters, &site, Path::new("/run/7"), vault.map(str::to_owned))
}

fn line(work: &Work) -> String {
    work.argv.iter().map(|word| word.display().to_string()).collect::<Vec<_>>().join(" ")
}

fn file<'a>(work: &'a Work, name: &str) -> &'a str {
    &work.files.iter().find(|file| file.name == name).unwrap().text
}

#[test]
fn hosts_are_converged_by_this_program() {
    let converge = made("converge", None, &[]);
    assert_eq!(
        line(&converge),
        "/usr/bin/ketupa apply --yes --host mail-01 --workers 4 -- /srv/it's"
    );
    assert_eq!(line(&made("drift", None, &[])), "/usr/bin/ketupa drift --workers 4 -- /srv/it's");
    assert_eq!(converge.environment, Environment::Ours);
}

#[test]
fn a_playbook_has_its_secrets_in_files() {
    let work = made("mail", Some("hush"), &[("release", "it's \"{{ x }}\"")]);
    assert_eq!(
        line(&work),
        "ansible-playbook --inventory /run/7/inventory --limit mail-01 --extra-vars @/run/7/parameters \
         --vault-password-file /run/7/vault -- playbooks/mail.yml"
    );
    assert_eq!(file(&work, "vault"), "hush\n");
    assert_eq!(file(&work, "parameters"), "release: !unsafe \"it's \\\"{{ x }}\\\"\"\n");
    let script = "#!/bin/sh\nexec '/usr/bin/ketupa' inventory '/srv/it'\\''s' \"$@\"\n";
    assert_eq!(file(&work, "inventory"), script);
    assert!(
        work.files.iter().all(|file| [0o600, 0o700].contains(&file.mode)),
        "nobody else may read them"
    );
    assert!(!format!("{work:?}").contains("hush"));
    assert_eq!(work.variables["ANSIBLE_SSH_COMMON_ARGS"], "-F '/etc/ketupa/it'\\''s'");
    let local = made("local", None, &[]);
    assert_eq!(line(&local), "ansible-playbook --inventory localhost, -- community.general.some");
}

#[test]
fn a_command_is_what_was_written() {
    let work = made("clean", None, &[("release", "bookworm")]);
    assert_eq!(line(&work), "/usr/bin/find /srv/it's -name $(reboot)");
    assert_eq!(work.variables["PARAM_RELEASE"], "bookworm");
    assert_eq!(work.environment, Environment::Few);
}

#[test]
fn a_caller_sets_what_is_declared_and_no_template() {
    let spec = spec("mail");
    let asked = |name: &str, value: &str| {
        let parameters = [(name.to_owned(), value.to_owned())].into();
        spec.asked(crate::Cause::Api, "somebody", parameters, 0)
    };
    assert!(asked("release", "bookworm").is_ok());
    let wrong = [("hosts", "all"), ("release", "{{ lookup('pipe', 'id') }}"), ("release", "a\nb")];
    for (name, value) in wrong {
        assert!(asked(name, value).is_err(), "{name}={value}");
    }
    assert!(asked("release", &"x".repeat(1_001)).is_err());
}
