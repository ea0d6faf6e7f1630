//! What is shown: runs, what they printed, and where a text stands in it.

use super::{Row, Store, Trouble, Value};
use crate::{Asked, Cause, Chunk, Millis, Run, State, Task, TaskResult};

/// The columns of a run, in the order in which [`run`] reads them.
pub(super) const RUN: &str = "id, job, grp, cause, who, parameters, not_before, state, queued, \
    started, ended, attempt, failures, lost, server, lease, cancel, exit, says";
/// So many rows are shown at once.
const PAGE: i64 = 200;
/// So many runs are looked through at a time.
const WINDOW: i64 = 20;

/// Which runs to look at: those before a number, of one job or of all, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Look<'a> {
    /// Only of this job.
    pub job: Option<&'a str>,
    /// Only with smaller numbers.
    pub before: Option<i64>,
    /// At most so many.
    pub most: i64,
}

/// Where a text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// In what this run printed.
    pub run: i64,
    /// The run's job.
    pub job: String,
    /// When the run was asked for.
    pub queued: Millis,
    /// The line.
    pub line: String,
}

/// Reads a run's columns.
pub(super) fn run(row: &Row) -> Result<Run, Trouble> {
    let odd = |what: &str| Trouble::new(format!("the database holds a {what} that is none"));
    let asked = Asked {
        job: row.text(1)?,
        group: row.text(2)?,
        cause: Cause::of(&row.text(3)?).ok_or_else(|| odd("cause"))?,
        who: row.text(4)?,
        parameters: serde_json::from_str(&row.text(5)?).map_err(|_| odd("parameter"))?,
        not_before: row.int(6)?,
    };
    Ok(Run {
        id: row.int(0)?,
        asked,
        state: State::of(&row.text(7)?).ok_or_else(|| odd("state"))?,
        queued: row.int(8)?,
        started: row.maybe_int(9)?,
        ended: row.maybe_int(10)?,
        attempt: row.int(11)?,
        failures: row.int(12)?,
        lost: row.int(13)?,
        server: row.maybe_text(14)?,
        lease: row.maybe_int(15)?,
        cancel: row.int(16)? != 0,
        exit: row.maybe_int(17)?,
        says: row.text(18)?,
    })
}

impl Store {
    /// One run.
    pub fn run(&self, id: i64) -> Result<Option<Run>, Trouble> {
        let sql = format!("SELECT {RUN} FROM run WHERE id = $1");
        let rows = self.with(|database| database.query(&sql, &[id.into()]))?;
        rows.first().map(run).transpose()
    }

    /// Runs, newest first.
    pub fn runs(&self, look: Look<'_>) -> Result<Vec<Run>, Trouble> {
        let before = look.before.unwrap_or(i64::MAX);
        let most = look.most.clamp(1, PAGE);
        let of = if look.job.is_some() { "AND job = $3" } else { "" };
        let sql = format!("SELECT {RUN} FROM run WHERE id < $1 {of} ORDER BY id DESC LIMIT $2");
        let mut values: Vec<Value> = vec![before.into(), most.into()];
        values.extend(look.job.map(Value::from));
        self.with(|database| database.query(&sql, &values))?.iter().map(run).collect()
    }

    /// What a run printed, after this piece.
    pub fn output(&self, id: i64, after: i64) -> Result<Vec<Chunk>, Trouble> {
        let sql =
            "SELECT seq, text FROM output WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT 1000";
        let rows = self.with(|database| database.query(sql, &[id.into(), after.into()]))?;
        rows.iter().map(|row| Ok(Chunk { seq: row.int(0)?, text: row.text(1)? })).collect()
    }

    /// What became of a run's tasks, after this one.
    pub fn tasks(&self, id: i64, after: i64) -> Result<Vec<Task>, Trouble> {
        let sql = "SELECT seq, host, task, result FROM task WHERE run = $1 AND seq > $2 \
                   ORDER BY seq LIMIT 20000";
        let rows = self.with(|database| database.query(sql, &[id.into(), after.into()]))?;
        let task = |row: &Row| {
            let result = TaskResult::of(&row.text(3)?).unwrap_or(TaskResult::Failed);
            Ok(Task { seq: row.int(0)?, host: row.text(1)?, task: row.text(2)?, result })
        };
        rows.iter().map(task).collect()
    }

    /// The lines that hold a text, whatever the case of its letters; newest runs first.
    ///
    /// Some runs are looked through at a time: between them the database answers others, above all the
    /// servers that say that they live.
    pub fn search(&self, text: &str, job: Option<&str>) -> Result<Vec<Found>, Trouble> {
        let wanted = text.to_lowercase();
        let mut found = Vec::new();
        if wanted.trim().is_empty() {
            return Ok(found);
        }
        let newest = "SELECT coalesce(max(id), 0) FROM run";
        let newest = self.with(|database| database.query(newest, &[]))?;
        let mut upto = newest.first().map_or(Ok(0), |row| row.int(0))?;
        let most = usize::try_from(PAGE).unwrap_or(0);
        while upto > 0 && found.len() < most {
            self.search_window(&wanted, job, upto, &mut found)?;
            upto -= WINDOW;
        }
        found.truncate(most);
        Ok(found)
    }

    fn search_window(
        &self,
        wanted: &str,
        job: Option<&str>,
        upto: i64,
        found: &mut Vec<Found>,
    ) -> Result<(), Trouble> {
        let of = if job.is_some() { "AND run.job = $5" } else { "" };
        // The database finds the pieces (its lower-case letters are ASCII at least), lines are found here.
        let sql = format!(
            "SELECT run.id, run.job, run.queued, output.text FROM output JOIN run ON run.id = output.run \
             WHERE lower(output.text) LIKE $1 ESCAPE '!' AND run.id <= $3 AND run.id > $4 {of} \
             ORDER BY run.id DESC, output.seq LIMIT $2"
        );
        let mut values: Vec<Value> =
            vec![(&pattern(wanted)).into(), PAGE.into(), upto.into(), (upto - WINDOW).into()];
        values.extend(job.map(Value::from));
        for row in &self.with(|database| database.query(&sql, &values))? {
            let (run, job, queued) = (row.int(0)?, row.text(1)?, row.int(2)?);
            for line in row.text(3)?.lines().filter(|line| line.to_lowercase().contains(wanted)) {
                found.push(Found { run, job: job.clone(), queued, line: line.to_owned() });
            }
        }
        Ok(())
    }
}

/// A pattern for LIKE that holds this text as it is; letters beyond ASCII are any letter, because not
/// every database knows their lower case.
fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        match c {
            '!' | '%' | '_' => pattern.extend(['!', c]),
            c if c.is_ascii() => pattern.push(c),
            _ => pattern.push('%'),
        }
    }
    pattern + "%"
}
