//! For how long nobody may use the store while it writes files, with many series.

use std::fs;
use std::path::Path;

use metrics::{Labels, Samples, Settings, Store};

use super::data::{Observed, scrapes};
use super::kept::Due;

const SERIES: usize = 50_000;
/// Rows of two hours.
const ROWS: i64 = 120;
const DAY_MS: i64 = 86_400_000;

/// Three times two hours of samples, written out after each, then merged.
pub(super) fn table(work: &Path, observed: &[Observed]) -> Result<String, String> {
    let folder = work.join(format!("pause-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    let mut store = Store::open(&folder, Settings::default()).map_err(|e| e.to_string())?;
    let (mut sealed, mut last) = (Due::default(), 0);
    scrapes(observed, SERIES, (3 * (ROWS + 1), 60), |time, samples| {
        last = time;
        append(&mut store, time, samples)?;
        sealed.work(&mut store, time).map_err(|error| error.to_string())
    })?;
    let mut merged = Due::default();
    let done = merged.work(&mut store, last + 2 * DAY_MS).map_err(|error| error.to_string());
    let _ = fs::remove_dir_all(&folder);
    done?;
    let line = |what: &str, due: &Due| {
        format!(
            "  {what:<40}{:>10.2} s, nobody may use the store for {:.0} ms at most\n",
            due.beside,
            due.longest * 1e3
        )
    };
    Ok(format!(
        "\npause: {SERIES} series x {} scrapes, in three files\n{}{}",
        3 * (ROWS + 1),
        line("writing files of two hours each", &sealed),
        line("merging them, with rollups", &merged)
    ))
}

fn append(store: &mut Store, time: i64, samples: &[(Labels, f64)]) -> Result<(), String> {
    let values: Vec<[(i64, f64); 1]> = samples.iter().map(|(_, value)| [(time, *value)]).collect();
    let samples = samples.iter().zip(&values);
    let samples = samples.map(|((labels, _), values)| Samples { labels: labels.bytes(), values });
    let samples: Vec<Samples<'_>> = samples.collect();
    store.append(&samples, time).map(drop).map_err(|error| error.to_string())
}
