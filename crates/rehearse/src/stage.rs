//! Brings a scene up as containers, configures it as real hosts are configured, and waits for it.

use crate::outside::INTERNET;
use crate::scene::{self, Scene};
use crate::vault::{self, MadeUp};
use crate::{ask, content, watch};
use component::Tree;
use converge::{Act, Job, Outcome, Progress, Report, Trouble, converge_all};
use machine::Piped;
use model::kinds::Role;
use model::{Isp, Named as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use twin::{Image, Site, Twin};

/// How many hosts are configured at a time: more than cores, because much of it is waiting.
const WORKERS: usize = 8;
/// How long a rehearsal may take to come alive.
const PATIENCE: Duration = Duration::from_secs(120);
/// After how long without anything getting better it never will.
const STANDSTILL: Duration = Duration::from_secs(20);

/// What is going on, for whoever waits at the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// Packages are being installed into the image: a line of apt.
    Image(String),
    /// Containers run and are cabled: how many hosts, how many segments.
    Cabled(usize, usize),
    /// A host holds what it shall, or why not.
    Configured(String, Result<(), String>),
    /// Waited for something: what, how many of it, and how many there are.
    Ready(&'static str, usize, usize),
}

/// A rehearsal that is up.
#[derive(Debug)]
pub struct Rehearsal {
    twin: Twin,
    site: Site,
}

/// The result of configuring every host.
pub type Reports = BTreeMap<String, Result<Report, Trouble>>;

impl Rehearsal {
    /// Brings everything up and configures it. Does not wait until it is alive: see [`Self::wait`].
    pub fn up(
        name: &str,
        isp: &Isp,
        tree: &Tree,
        progress: &(dyn Fn(Phase) + Sync),
    ) -> Result<(Self, Scene), String> {
        let site = Site::here().map_err(|error| error.chain())?;
        Self::up_at(&site, name, isp, tree, progress)
    }

    /// The same with the program and the folders of the caller's choice.
    pub fn up_at(
        site: &Site,
        name: &str,
        isp: &Isp,
        tree: &Tree,
        progress: &(dyn Fn(Phase) + Sync),
    ) -> Result<(Self, Scene), String> {
        let scene = scene::scene(name, isp, tree);
        let mut line = |text: &str| progress(Phase::Image(text.to_owned()));
        let image = Image::ensure(site, twin::image::PACKAGES, &mut line);
        let image = image.map_err(|error| error.chain())?;
        let twin = Twin::up(&scene.lab, &image).map_err(|error| error.chain())?;
        progress(Phase::Cabled(scene.lab.hosts.len(), scene.lab.segments.len()));
        let rehearsal = Self { twin, site: site.clone() };
        let reports = rehearsal.configure(isp, &scene, progress)?;
        let failed = failures(&reports);
        if failed.is_empty() {
            return Ok((rehearsal, scene));
        }
        Err(format!(
            "{}\nthe twin stays up so that you can look: `ketupa twin down` takes it down",
            failed.join("\n")
        ))
    }

    /// A rehearsal that is up already.
    pub fn open(name: &str) -> Result<Self, String> {
        let site = Site::here().map_err(|error| error.chain())?;
        let twin = Twin::open(&site, name).map_err(|error| error.chain())?;
        Ok(Self { twin, site })
    }

    /// The containers.
    pub fn twin(&self) -> &Twin {
        &self.twin
    }

    /// Takes everything down.
    pub fn down(self) -> Result<(), String> {
        self.twin.down().map_err(|error| error.chain())
    }

    /// Makes every host hold what it shall: observe, plan, apply, as on real hosts.
    pub fn configure(
        &self,
        isp: &Isp,
        scene: &Scene,
        progress: &(dyn Fn(Phase) + Sync),
    ) -> Result<Reports, String> {
        let vault = self.vault(isp, scene)?;
        let machines: Vec<Piped> =
            scene.trees.keys().map(|host| self.machine(host)).collect::<Result<_, _>>()?;
        let pairs = scene.trees.values().zip(&machines);
        let jobs: Vec<Job<'_>> = pairs.map(|(desired, machine)| Job { desired, machine }).collect();
        let tell = |host: &str, step: Progress<'_>| {
            if let Progress::Ended(report) = step {
                progress(Phase::Configured(host.to_owned(), verdict(report)));
            }
        };
        Ok(converge_all(&jobs, Act::Apply, &vault, WORKERS, &tell))
    }

    /// The way to a host: the executor, started in it, with pipes.
    fn machine(&self, host: &str) -> Result<Piped, String> {
        let command = self.twin.command(host, &["/proc/1/exe", "host"]);
        let command = command.map_err(|error| error.chain())?;
        let program = command.get_program().to_string_lossy().into_owned();
        let arguments = command.get_args().map(|word| word.to_string_lossy().into_owned());
        let words: Vec<String> = std::iter::once(program).chain(arguments).collect();
        Ok(Piped::new(host, words).within(Duration::from_secs(120)))
    }

    /// Where the rehearsal keeps its own things: gone when it is taken down.
    pub fn folder(&self) -> PathBuf {
        self.site.run.join(&self.twin.lab().name).join("rehearsal")
    }

    fn vault(&self, isp: &Isp, scene: &Scene) -> Result<MadeUp, String> {
        let folder = self.folder();
        std::fs::create_dir_all(&folder)
            .map_err(|e| format!("cannot create {}: {e}", folder.display()))?;
        let vault = MadeUp::new(isp, &folder)?;
        self.trust(isp, scene, &folder.join(vault::AUTHORITY))?;
        Ok(vault)
    }

    /// Gives the authority's certificate to the machines that tests ask from, and to those whose agents ask.
    fn trust(&self, isp: &Isp, scene: &Scene, authority: &Path) -> Result<(), String> {
        let Ok(pem) = std::fs::read(authority) else { return Ok(()) };
        let clients = isp.with_role(Role::Client).filter(|(_, host)| host.managed);
        let askers = clients.map(|(_, host)| host.name()).chain([INTERNET]);
        let askers = askers.map(|host| (host, ask::AUTHORITY));
        let agents = scene.trees.iter().filter(|(_, tree)| watch::has_agent(tree));
        let agents = agents.map(|(host, _)| (host.as_str(), watch::AUTHORITIES));
        for (host, path) in askers.chain(agents) {
            self.twin.write(host, path, &pem).map_err(|error| error.chain())?;
        }
        Ok(())
    }

    /// Waits until every session is established and every service answers, or says all that is not
    /// when nothing has got better for a while.
    pub fn wait(&self, isp: &Isp, progress: &(dyn Fn(Phase) + Sync)) -> Result<(), String> {
        let speakers = self.speakers();
        let sessions = settled(&speakers, |host| {
            let sessions = ask::sessions(&self.twin, host)?;
            let down = sessions.iter().filter(|session| !session.is_established());
            let names: Vec<String> =
                down.map(|s| format!("{host}: {} is {}", s.name, s.info)).collect();
            if names.is_empty() { Ok(sessions.len()) } else { Err(names.join("\n")) }
        })?;
        progress(Phase::Ready("BGP sessions established", sessions, sessions));
        let names: Vec<&str> = isp.services.values().map(model::Named::name).collect();
        let answering = settled(&names, |name| {
            let service = isp.services.find(name).map(|id| &isp.services[id]);
            let service = service.ok_or("no such service")?;
            let answer = ask::service(&self.twin, isp, service).map(|_| 1);
            answer.map_err(|why| format!("service {name}: {why}"))
        })?;
        if !names.is_empty() {
            progress(Phase::Ready("services answer", answering, names.len()));
        }
        Ok(())
    }

    /// The hosts that run BIRD.
    pub fn speakers(&self) -> Vec<&str> {
        let runs = |host: &&twin::HostSpec| {
            self.twin
                .systemctl(&host.name, &["is-active", "bird.service"])
                .is_ok_and(|a| a.code == 0)
        };
        self.twin.lab().hosts.iter().filter(runs).map(|host| host.name.as_str()).collect()
    }

    /// The text by which a service is known when it answers.
    pub fn page(isp: &Isp, service: &model::kinds::Service) -> Vec<String> {
        service.hosts.iter().map(|id| content::text(service, &isp.hosts[*id])).collect()
    }
}

/// Asks again and again whatever is not settled; the sum of the answers, or why some never came.
/// Whoever has settled is not asked again.
fn settled(things: &[&str], ask: impl Fn(&str) -> Result<usize, String>) -> Result<usize, String> {
    let begun = Instant::now();
    let mut better = begun;
    let mut sum = 0;
    let mut left = things.to_vec();
    let mut known = usize::MAX;
    loop {
        let mut missing = Vec::new();
        left.retain(|thing| match ask(thing) {
            Ok(count) => {
                sum += count;
                false
            }
            Err(why) => {
                missing.push(why);
                true
            }
        });
        let missing = missing.join("\n");
        let count = missing.lines().count();
        if left.is_empty() {
            return Ok(sum);
        }
        if count < known {
            (known, better) = (count, Instant::now());
        }
        if better.elapsed() > STANDSTILL || begun.elapsed() > PATIENCE {
            return Err(missing);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// How configuring one host ended, in a sentence.
pub fn verdict(report: &Result<Report, Trouble>) -> Result<(), String> {
    match report {
        Err(trouble) => Err(trouble.to_string()),
        Ok(Report { outcome: None | Some(Outcome::Unchanged | Outcome::Done { .. }), .. }) => {
            Ok(())
        }
        Ok(Report { outcome: Some(Outcome::Refused { why }), .. }) => {
            Err(format!("refused: {why}"))
        }
        Ok(Report { outcome: Some(Outcome::Unknown { why }), .. }) => {
            Err(format!("unknown: {why}"))
        }
        Ok(Report { outcome: Some(Outcome::RolledBack { why, troubles, .. }), .. }) => {
            Err(format!("rolled back: {why} {}", troubles.join("; ")))
        }
    }
}

/// The hosts that could not be configured, a sentence each.
pub fn failures(reports: &Reports) -> Vec<String> {
    let failed = |(host, report)| verdict(report).err().map(|why| format!("{host}: {why}"));
    reports.iter().filter_map(failed).collect()
}
