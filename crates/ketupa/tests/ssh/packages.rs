//! Packages from a repository of one's own: a version is kept, and whatever fails leaves a host as it was.

use crate::stage::Story;

/// A flat repository on the host itself, with two versions of a package, signed.
const REPOSITORY: &str = r#"
set -e
mkdir -p /srv/repo /srv/build/DEBIAN /srv/build/opt/story
cd /srv
for version in 1.0 2.0; do
    printf 'Package: story\nVersion: %s\nArchitecture: all\nMaintainer: nobody <nobody@isp.example>\nDescription: a story\n' \
        $version >build/DEBIAN/control
    echo $version >build/opt/story/version
    dpkg-deb --root-owner-group --build build repo/story_${version}_all.deb
done
cd repo
dpkg-scanpackages --multiversion . >Packages
printf 'Date: %s\nSHA256:\n %s %s Packages\n' "$(date -u -R)" $(sha256sum Packages | cut -d ' ' -f 1) \
    $(stat -c %s Packages) >Release
export GNUPGHOME=/root/gnupg
mkdir -m 700 -p $GNUPGHOME
gpg --batch --quiet --passphrase '' --quick-generate-key story default default never
gpg --batch --quiet --yes --clearsign --output InRelease Release
gpgconf --kill all
"#;

/// Holds dpkg's lock, as dpkg itself does.
const LOCK: &str = "(setsid perl -e 'my $lock = pack(q(s s x4 q q i x4), 1, 0, 0, 0, 0); \
    open(F, q(>>), q(/var/lib/dpkg/lock-frontend)) or die; fcntl(F, 6, $lock) or die; \
    open(P, q(>), q(/run/story)); print P $$; close P; sleep 300' \
    >/dev/null 2>&1 </dev/null &); until [ -s /run/story ]; do sleep 0.05; done";

fn declared(story: &Story, url: &str, key: &str, version: &str) {
    let text = format!(
        "{}\n[repository.story]\nurl = \"{url}\"\nsuite = \"./\"\nkey = \"\"\"\n{key}\"\"\"\non = [\"server\"]\n\
         [package.story]\nversion = \"{version}\"\non = [\"server\"]\n",
        story.model()
    );
    story.declare(&text);
}

#[test]
fn a_version_comes_from_a_declared_repository_and_is_kept() {
    let story = Story::begin();
    let only = ["--host", "server"];
    let apply = [&only[..], &["--yes"]].concat();
    story.ketupa("apply", &apply).ends(0, &[]);
    story.sh("server", REPOSITORY);
    let key = story.sh("server", "gpg --homedir /root/gnupg --armor --export story");

    // A repository that is not there is read before anything counts on it.
    let before = "ls -R /etc/apt; cat /var/lib/dpkg/status | sha256sum";
    let was = story.sh("server", before);
    declared(&story, "file:/srv/nowhere", &key, "1.0");
    let said = story.ketupa("apply", &apply);
    said.ends(1, &["server: refused, nothing was touched", "apt-get update"]);
    assert_eq!(story.sh("server", before), was);

    declared(&story, "file:/srv/repo", &key, "1.0");
    let said = story.ketupa("apply", &apply).ends(0, &["install story=1.0", "1 host changed"]);
    assert!(said.out.contains("hold story: no upgrade touches it"), "{}", said.out);
    story.sh("server", "test $(cat /opt/story/version) = 1.0 && test $(apt-mark showhold) = story");
    story.ketupa("drift", &only).ends(0, &["1 as declared"]);

    story.sh("server", "apt-get install --yes --allow-change-held-packages story=2.0");
    story.ketupa("drift", &only).ends(1, &["install story=1.0"]);
    story.ketupa("apply", &apply).ends(0, &["install story=1.0", "1 host changed"]);
    story.sh("server", "test $(cat /opt/story/version) = 1.0");

    // Somebody else's apt is at work: it has its time, then the host says so.
    declared(&story, "file:/srv/repo", &key, "2.0");
    story.sh("server", LOCK);
    let said = story.ketupa("apply", &apply);
    let said = said.ends(1, &["server: refused, nothing was touched"]);
    assert!(said.out.contains("apt or dpkg is at work on it already"), "{}", said.out);
    assert!(said.out.contains("Could not get lock"), "{}", said.out);

    // So it does where only a hold is to go.
    story.declare(story.model());
    let said = story.ketupa("apply", &apply).ends(1, &["server: undone, it is as before"]);
    assert!(said.out.contains("apt or dpkg is at work on it already"), "{}", said.out);
    story.sh("server", "kill $(cat /run/story)");

    // What is no longer declared goes, and what came by it stays.
    story.ketupa("apply", &apply).ends(0, &["hold story no more"]);
    story.sh("server", "test -e /opt/story/version && ! ls /etc/apt/*/ketupa-*");
}
