//! Answers questions for lines.

use std::collections::BTreeMap;

use metrics::Labels;

use super::scan::Scan;
use super::{Ask, Direction, Trouble};
use crate::store::{Cluster, Picked, clusters};

/// A line that was found.
struct Found {
    time: i64,
    /// Which of those that were found.
    number: usize,
    labels: Labels,
    line: String,
}

/// The best lines up to now.
struct Best {
    found: Vec<Found>,
    number: usize,
    limit: usize,
    direction: Direction,
}

impl Best {
    fn sort(&mut self) {
        self.found.sort_by_key(|found| (found.time, found.number));
        if self.direction == Direction::Backward {
            self.found.reverse();
        }
        self.found.truncate(self.limit);
    }

    /// Whether a cluster may have better ones.
    fn wants(&mut self, cluster: &Cluster<'_>) -> bool {
        if self.found.len() < self.limit {
            return true;
        }
        self.sort();
        let worst = self.found.last().map_or(0, |found| found.time);
        match self.direction {
            Direction::Forward => cluster.first <= worst,
            Direction::Backward => cluster.last >= worst,
        }
    }

    fn put(&mut self, found: Found) {
        self.number += 1;
        self.found.push(Found { number: self.number, ..found });
        // It would grow with the text that is looked through.
        if self.found.len() > self.limit * 2 + 1024 {
            self.sort();
        }
    }
}

/// Lines of one set of labels.
type Stream = (Labels, Vec<(i64, String)>);

pub(crate) fn lines(
    mut scan: Scan<'_>,
    picked: &[Picked],
    ask: &Ask,
) -> Result<Vec<Stream>, Trouble> {
    let streams =
        picked.iter().flat_map(|picked| picked.streams.iter().map(move |stream| (stream, picked)));
    let all = streams.flat_map(|((labels, sources), picked)| {
        clusters(labels, sources).into_iter().map(move |cluster| (cluster, picked))
    });
    let mut all: Vec<_> = all.collect();
    match ask.direction {
        Direction::Forward => all.sort_by_key(|(cluster, _)| cluster.first),
        Direction::Backward => all.sort_by_key(|(cluster, _)| -cluster.last),
    }
    let mut best =
        Best { found: Vec::new(), number: 0, limit: ask.limit, direction: ask.direction };
    let more = |best: &mut Best, cluster: &Cluster<'_>| best.wants(cluster);
    let visit = |best: &mut Best, passing: super::stage::Passing<'_>| {
        let (time, labels) = (passing.time, passing.labels());
        best.put(Found { time, number: 0, labels, line: passing.line.into_owned() });
        Ok(())
    };
    scan.visit(all.into_iter(), (ask.start, ask.end.saturating_sub(1)), &mut best, (more, visit))?;
    best.sort();
    let mut streams: BTreeMap<Labels, Vec<(i64, String)>> = BTreeMap::new();
    for found in best.found {
        streams.entry(found.labels).or_default().push((found.time, found.line));
    }
    Ok(streams.into_iter().collect())
}
