//! The past of a feed: window by window, series by series.

use super::cursor::{Back, Cursor};
use super::{Feed, Portion};
use crate::index::SeriesId;
use crate::labels::Labels;
use crate::store::{Store, Tier, Wanted};

/// How much time is read at once, in milliseconds: receivers take no sample that is more than an hour
/// older than the newest one.
const WINDOW: i64 = 1_800_000;

/// All series in the order in which a window is sent. Their numbers are those of one loading.
pub(super) struct Window {
    loaded: u64,
    count: usize,
    series: Vec<SeriesId>,
}

impl Window {
    fn of(store: &Store) -> Self {
        let mut series: Vec<SeriesId> = (0..store.series_count() as SeriesId).collect();
        series.sort_by_key(|id| store.labels_of(*id).map(Labels::bytes));
        Self { loaded: store.loaded, count: store.series_count(), series }
    }

    fn is_of(&self, store: &Store) -> bool {
        (self.loaded, self.count) == (store.loaded, store.series_count())
    }
}

impl Feed {
    /// The next samples of the past; nothing if there were none up to the end of the window.
    pub(super) fn next_back(&mut self, store: &Store, back: Back, most: usize) -> Option<Portion> {
        let from = store.first_from(back.from).filter(|from| *from < back.until);
        let Some(from) = from else {
            self.cursor.back = None;
            return None;
        };
        let after = if from > back.from { Vec::new() } else { back.after };
        let until = from.saturating_add(WINDOW).min(back.until);
        let mut reading = store.reading(Tier::Raw, from, until - 1);
        let mut portion = Portion::default();
        let mut last = None;
        let window = self.window.take().filter(|window| window.is_of(store));
        let window = self.window.insert(window.unwrap_or_else(|| Window::of(store)));
        let is_sent = |id: &SeriesId| {
            let labels = store.labels_of(*id).map(Labels::bytes).unwrap_or_default();
            labels <= after.as_slice()
        };
        let first = if after.is_empty() { 0 } else { window.series.partition_point(is_sent) };
        for id in window.series.iter().skip(first) {
            let Some(labels) = store.labels_of(*id) else { continue };
            let points = reading.points(*id, Wanted::Last);
            if !points.is_empty() {
                portion.samples += points.len();
                let values = points.iter().map(|point| (point.time, point.value));
                portion.series.push((labels.clone(), values.collect()));
            }
            if portion.samples >= most {
                last = Some(labels.bytes().to_vec());
                break;
            }
        }
        let back = match last {
            Some(after) => Some(Back { from, until: back.until, after }),
            None if until < back.until => {
                Some(Back { from: until, until: back.until, after: Vec::new() })
            }
            None => None,
        };
        portion.after = Cursor { back, ..self.cursor };
        if portion.samples == 0 {
            self.cursor = portion.after;
            return None;
        }
        Some(portion)
    }
}
