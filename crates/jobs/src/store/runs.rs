//! What a run leaves behind while it is under way.

use super::{Claim, Store, Trouble};
use crate::{Millis, TaskResult};

/// What is to be kept of a run: text that it printed, tasks that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Text.
    pub text: String,
    /// Host, task and result.
    pub tasks: Vec<(String, String, TaskResult)>,
}

impl News {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.tasks.is_empty()
    }
}

impl Store {
    /// Keeps what a run printed; whether the run is still this server's.
    pub fn keep(&self, claim: &Claim, news: &News, now: Millis) -> Result<bool, Trouble> {
        self.locked(|database| {
            let sql = "SELECT id FROM run WHERE id = $1 AND attempt = $2 AND server = $3 \
                       AND state = 'running' AND lease >= $4";
            let key = [claim.run.id.into(), claim.run.attempt.into(), (&claim.server).into(), now.into()];
            if database.query(sql, &key)?.is_empty() {
                return Ok(false);
            }
            let id = claim.run.id;
            if !news.text.is_empty() {
                let sql = "INSERT INTO output (run, seq, text) SELECT CAST($1 AS BIGINT), coalesce(max(seq), 0) + 1, CAST($2 AS TEXT) \
                           FROM output WHERE run = $1";
                database.execute(sql, &[id.into(), (&news.text).into()])?;
            }
            let sql = "INSERT INTO task (run, seq, host, task, result) \
                       SELECT CAST($1 AS BIGINT), coalesce(max(seq), 0) + 1, CAST($2 AS TEXT), \
                       CAST($3 AS TEXT), CAST($4 AS TEXT) FROM task WHERE run = $1";
            for (host, task, result) in &news.tasks {
                let values = [id.into(), host.into(), task.into(), result.word().into()];
                database.execute(sql, &values)?;
            }
            Ok(true)
        })
    }
}
