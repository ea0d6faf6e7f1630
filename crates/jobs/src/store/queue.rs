//! The queue: what is planned, claimed, kept alive, handed back and ended.

use super::reading::{RUN, run};
use super::{Database, Store, Trouble, Value};
use crate::decide::{self, Ended, Lease, Next};
use crate::{Asked, Millis, Run, State, says, secret};
use std::collections::BTreeSet;

/// So many runs may wait: more is a mistake of whoever asks.
const MOST_WAITING: i64 = 1_000;

/// Of a schedule that was another one before, a time counts that came so long ago.
const ANOTHER_MS: Millis = 60_000;

/// A run that this server has. What it writes counts as long as no other server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The run, as it was claimed.
    pub run: Run,
    /// The server.
    pub server: String,
}

/// How an attempt ended, and how often the job may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending<'a> {
    /// How it ended.
    pub how: Ended,
    /// Why, in a sentence.
    pub says: &'a str,
    /// How many failures it may have.
    pub retries: u8,
}

/// What only whoever has the run may change.
const MINE: &str = "id = $1 AND attempt = $2 AND server = $3 AND state = 'running'";

impl Claim {
    fn key(&self) -> [Value; 3] {
        [self.run.id.into(), self.run.attempt.into(), (&self.server).into()]
    }
}

impl Store {
    /// Puts a run into the queue; gives its number.
    pub fn ask(&self, asked: &Asked, now: Millis) -> Result<i64, Trouble> {
        self.locked(|database| insert(database, asked, now))
    }

    /// The same for a delivery of a webhook, once.
    pub fn ask_once(
        &self,
        asked: &Asked,
        delivery: &str,
        now: Millis,
    ) -> Result<Option<i64>, Trouble> {
        let key = format!("{}:{delivery}", asked.job);
        self.locked(|database| {
            let sql = "INSERT INTO delivery (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
            match database.execute(sql, &[(&key).into(), now.into()])? {
                0 => Ok(None),
                _ => insert(database, asked, now).map(Some),
            }
        })
    }

    /// Asks for a planned run, once for all servers. `due` says, from the time up to which the schedule was
    /// looked at, which time has come and what it asks for; where a planned run already waits, a second one
    /// adds nothing.
    pub fn plan(
        &self,
        name: &str,
        schedule: &str,
        now: Millis,
        due: impl FnOnce(Millis) -> Option<(Millis, Asked)>,
    ) -> Result<Option<i64>, Trouble> {
        self.locked(|database| {
            let job = || Value::from(name);
            let sql = "SELECT schedule, seen FROM planned WHERE job = $1";
            let known = database.query(sql, &[job()])?;
            let known = known.first().map(|row| Ok((row.text(0)?, row.int(1)?))).transpose()?;
            // A schedule that is new begins now. Where servers know different ones, each keeps to its own.
            let seen = match known {
                Some((text, seen)) if text == schedule => seen,
                Some((_, seen)) => seen.max(now - ANOTHER_MS),
                None => now,
            };
            see(database, name, schedule, seen)?;
            let Some((at, asked)) = due(seen) else { return Ok(None) };
            see(database, name, schedule, at)?;
            let sql = "SELECT count(*) FROM run WHERE job = $1 AND state = 'waiting' AND cause = 'schedule'";
            let waits = database.query(sql, &[job()])?;
            if waits.first().map(|row| row.int(0)).transpose()?.unwrap_or(0) > 0 {
                return Ok(None);
            }
            insert(database, &asked, now).map(Some)
        })
    }

    /// Takes the next run that may start, for this server alone.
    pub fn claim(
        &self,
        server: &str,
        jobs: &BTreeSet<String>,
        lease: Lease,
        now: Millis,
    ) -> Result<Option<Claim>, Trouble> {
        self.locked(|database| {
            let open = open(database)?;
            let Some(next) = decide::choose(&open, jobs, now) else { return Ok(None) };
            let until = now + lease.ms;
            let sql = "UPDATE run SET state = 'running', attempt = attempt + 1, server = $1, \
                       lease = $2, started = coalesce(started, $3), exit = NULL, says = '' \
                       WHERE id = $4 AND state = 'waiting'";
            let values = [server.into(), until.into(), now.into(), next.id.into()];
            database.execute(sql, &values)?;
            let mut run = next.clone();
            run.attempt += 1;
            run.state = State::Running;
            run.started = run.started.or(Some(now));
            Ok(Some(Claim { run, server: server.to_owned() }))
        })
    }

    /// Says that this server lives and still has the run; whether somebody wants the run to end. Nothing
    /// if the run is another's by now.
    pub fn renew(&self, claim: &Claim, lease: Lease, now: Millis) -> Result<Option<bool>, Trouble> {
        self.locked(|database| {
            let [id, attempt, server] = claim.key();
            // A lease that ran out is not renewed: the others may have seen it.
            let sql =
                format!("UPDATE run SET lease = $4 WHERE {MINE} AND lease >= $5 RETURNING cancel");
            let values = [id, attempt, server, (now + lease.ms).into(), now.into()];
            let rows = database.query(&sql, &values)?;
            rows.first().map(|row| Ok(row.int(0)? != 0)).transpose()
        })
    }

    /// Writes what follows from the end of an attempt; whether it was still this server's.
    pub fn end(&self, claim: &Claim, ending: &Ending<'_>, now: Millis) -> Result<bool, Trouble> {
        let (how, failures) = (ending.how, claim.run.failures);
        let next = decide::ended(how, failures, ending.retries, now, secret::chance());
        let (exit, failed) = match how {
            Ended::Exited(status) => (status, i64::from(status != Some(0))),
            Ended::NotStarted | Ended::TooLong => (None, 1),
            Ended::Cancelled | Ended::HandedBack => (None, 0),
        };
        self.locked(|database| {
            let [id, attempt, server] = claim.key();
            let (set, mut values) = becomes(next, now);
            // Who cancelled it is there already, and says more.
            let cancelled = how == Ended::Cancelled;
            let says = if cancelled { "coalesce(nullif(says, ''), $4)" } else { "$4" };
            let sql = format!(
                "UPDATE run SET {set}, exit = $3, says = {says}, failures = failures + $5 \
                 WHERE id = $6 AND attempt = $7 AND server = $8 AND state = 'running'"
            );
            values.extend([exit.into(), ending.says.into(), failed.into(), id, attempt, server]);
            Ok(database.execute(&sql, &values)? == 1)
        })
    }

    /// Takes runs from servers that are dead; which they were and what becomes of each.
    pub fn reap(&self, now: Millis) -> Result<Vec<(Run, Next)>, Trouble> {
        self.locked(|database| {
            let orphans = open(database)?.into_iter().filter(|run| decide::is_orphan(run, now));
            let mut reaped = Vec::new();
            for run in orphans {
                let next = decide::orphaned(&run, now);
                let (set, mut values) = becomes(next, now);
                let sql = format!("UPDATE run SET {set}, lost = lost + 1, says = $3 WHERE id = $4");
                values.extend([says::DIED.into(), run.id.into()]);
                database.execute(&sql, &values)?;
                reaped.push((run, next));
            }
            Ok(reaped)
        })
    }

    /// Wants a run to end: one that waits is over now, one under way when its server hears of it.
    pub fn cancel(&self, id: i64, who: &str, now: Millis) -> Result<bool, Trouble> {
        self.locked(|database| {
            let says = says::about(says::CANCELLED_BY, who);
            let sql = "UPDATE run SET state = 'cancelled', ended = $1, says = $2 \
                       WHERE id = $3 AND state = 'waiting'";
            let waiting = database.execute(sql, &[now.into(), (&says).into(), id.into()])?;
            let sql = "UPDATE run SET cancel = 1, says = $1 WHERE id = $2 AND state = 'running'";
            let running = database.execute(sql, &[(&says).into(), id.into()])?;
            Ok(waiting + running > 0)
        })
    }

    /// Forgets runs that ended before this, deliveries and sessions that are long over.
    pub fn forget(&self, before: Millis, deliveries: Millis, now: Millis) -> Result<u64, Trouble> {
        self.locked(|database| {
            database.execute("DELETE FROM delivery WHERE at < $1", &[deliveries.into()])?;
            database.execute("DELETE FROM session WHERE until < $1", &[now.into()])?;
            database.execute("DELETE FROM run WHERE ended < $1", &[before.into()])
        })
    }
}

fn insert(database: &mut dyn Database, asked: &Asked, now: Millis) -> Result<i64, Trouble> {
    let sql = "SELECT count(*) FROM run WHERE job = $1 AND state = 'waiting'";
    let waiting = database.query(sql, &[(&asked.job).into()])?;
    if waiting.first().map(|row| row.int(0)).transpose()?.unwrap_or(0) >= MOST_WAITING {
        return Err(Trouble::new(format!("{MOST_WAITING} runs of {} wait already", asked.job)));
    }
    let parameters = serde_json::to_string(&asked.parameters).unwrap_or_default();
    let sql = "INSERT INTO run (job, grp, cause, who, parameters, not_before, queued, state) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting') RETURNING id";
    let values = [
        (&asked.job).into(),
        (&asked.group).into(),
        asked.cause.word().into(),
        (&asked.who).into(),
        (&parameters).into(),
        asked.not_before.into(),
        now.into(),
    ];
    let rows = database.query(sql, &values)?;
    rows.first().ok_or_else(|| Trouble::new("the database gave no number"))?.int(0)
}

fn see(
    database: &mut dyn Database,
    job: &str,
    schedule: &str,
    seen: Millis,
) -> Result<(), Trouble> {
    let sql = "INSERT INTO planned (job, schedule, seen) VALUES ($1, $2, $3) \
               ON CONFLICT (job) DO UPDATE SET schedule = excluded.schedule, seen = excluded.seen";
    database.execute(sql, &[job.into(), schedule.into(), seen.into()]).map(|_| ())
}

/// Every run that is not over.
fn open(database: &mut dyn Database) -> Result<Vec<Run>, Trouble> {
    let sql = format!("SELECT {RUN} FROM run WHERE state IN ('waiting', 'running') ORDER BY id");
    database.query(&sql, &[])?.iter().map(run).collect()
}

/// What a run becomes, as columns; the first two parameters.
fn becomes(next: Next, now: Millis) -> (&'static str, Vec<Value>) {
    match next {
        Next::Over(state) => (
            "state = $1, ended = $2, server = NULL, lease = NULL",
            vec![state.word().into(), now.into()],
        ),
        Next::Again(not_before) => (
            "state = $1, not_before = $2, server = NULL, lease = NULL",
            vec![State::Waiting.word().into(), not_before.into()],
        ),
    }
}
