//! A declared job, ready to be run: names instead of references, its time zone found.

use crate::{Asked, Cause, Millis, schedule};
use jiff::tz::TimeZone;
use model::kinds::Does;
use model::value::Cron;
use model::{Isp, Named as _};
use std::collections::BTreeMap;

/// The longest value that a caller may set.
const LONGEST: usize = 1_000;

/// One job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it does.
    pub does: Does,
    /// The hosts that it may touch; nothing means all of them.
    pub hosts: Vec<String>,
    /// Its playbook.
    pub playbook: String,
    /// Where the playbook finds hosts, where it is not the declared ones.
    pub inventory: Option<String>,
    /// The name of the secret that opens Ansible Vault's files.
    pub vault: Option<String>,
    /// Its program and the arguments.
    pub command: Vec<String>,
    /// What a caller may set.
    pub parameters: Vec<String>,
    /// When it starts by itself.
    pub schedule: Option<Schedule>,
    /// How often it is tried again.
    pub retries: u8,
    /// How long it may take.
    pub time_limit_s: u64,
    /// Of a group one is under way at a time.
    pub group: String,
    /// The name of the secret of its webhook.
    pub webhook: Option<String>,
}

/// When a job starts by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// As cron says it.
    pub cron: Cron,
    /// The name of its time zone.
    pub zone_name: String,
    /// Its time zone.
    pub zone: TimeZone,
    /// How much later it may start.
    pub jitter_s: u64,
}

impl Schedule {
    /// As it is known in the database: another text is another schedule.
    pub fn text(&self) -> String {
        format!("{} {}", self.cron, self.zone_name)
    }

    /// When it comes next.
    pub fn next(&self, now: Millis) -> Option<Millis> {
        let after = schedule::moment(now)?;
        Some(schedule::next(&self.cron, &self.zone, after)?.as_millisecond())
    }
}

/// Every declared job by its name, or what is wrong with one.
pub fn all(isp: &Isp) -> Result<BTreeMap<String, Spec>, String> {
    let specs = isp.jobs.iter().map(|(_, job)| Ok((job.name.clone(), spec(isp, job)?)));
    specs.collect()
}

fn spec(isp: &Isp, job: &model::kinds::Job) -> Result<Spec, String> {
    let text = |argument: &model::kinds::Argument| argument.0.clone();
    let secret = |secret: &model::value::Secret| secret.0.clone();
    Ok(Spec {
        name: job.name.clone(),
        description: job.description.clone().unwrap_or_default(),
        does: job.does,
        hosts: job.hosts.iter().map(|id| isp.hosts[*id].name().to_owned()).collect(),
        playbook: job.playbook.as_ref().map(text).unwrap_or_default(),
        inventory: job.inventory.as_ref().map(text),
        vault: job.vault.as_ref().map(secret),
        command: job.command.clone(),
        parameters: job.parameters.iter().map(|parameter| parameter.0.clone()).collect(),
        schedule: job.schedule.as_ref().map(|cron| schedule_of(job, cron)).transpose()?,
        retries: job.retries,
        time_limit_s: job.time_limit.0,
        group: job.group().to_owned(),
        webhook: job.webhook.as_ref().map(secret),
    })
}

fn schedule_of(job: &model::kinds::Job, cron: &Cron) -> Result<Schedule, String> {
    let zone_name = job.time_zone.clone().unwrap_or_else(|| "UTC".to_owned());
    let zone = if zone_name == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(&zone_name) };
    let zone = zone.map_err(|_| {
        format!(
            "job.{}: this machine knows no time zone `{zone_name}` (apt-get install tzdata?)",
            job.name
        )
    })?;
    Ok(Schedule { cron: cron.clone(), zone_name, zone, jitter_s: job.jitter.0 })
}

impl Spec {
    /// What is asked for when somebody asks for it now.
    pub fn asked(
        &self,
        cause: Cause,
        who: &str,
        parameters: BTreeMap<String, String>,
        now: Millis,
    ) -> Result<Asked, String> {
        for (name, value) in &parameters {
            self.fits(name, value)?;
        }
        let (job, group, who) = (self.name.clone(), self.group.clone(), who.to_owned());
        Ok(Asked { job, group, cause, who, parameters, not_before: now })
    }

    /// Whether a caller may set this.
    fn fits(&self, name: &str, value: &str) -> Result<(), String> {
        if !self.parameters.iter().any(|parameter| parameter == name) {
            let job = &self.name;
            return Err(format!("{job} has no such parameter: declare it in `parameters`"));
        }
        if value.len() > LONGEST || value.chars().any(char::is_control) {
            return Err(format!("{name}: one line of at most {LONGEST} bytes is taken"));
        }
        // Ansible would run what stands between these.
        if ["{{", "{%", "{#"].iter().any(|mark| value.contains(mark)) {
            return Err(format!("{name}: a value is text and no template"));
        }
        Ok(())
    }
}
