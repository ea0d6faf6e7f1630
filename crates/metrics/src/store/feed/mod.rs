//! What a store holds and gets, for others: first what is there from a time on, then whatever arrives,
//! in the order of arrival and late samples too.
//!
//! A feed remembers on the disk how far its receiver came. The logs that it has not read yet are kept
//! when their content was written to files. What was sent and not yet remembered is sent again, bit for
//! bit the same.

mod back;
mod cursor;
mod tail;

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use super::head::Head;
use super::{DAY, Store, Tier};
use crate::labels::Labels;

pub use cursor::Cursor;

use back::Window;
use cursor::Back;
use tail::Tail;

/// How the name of a feed's file begins.
const FEED: &str = "feed-";
/// How the name of a log begins whose content is in files, and that some feed has not read yet.
const ARRIVED: &str = "arrived-";

/// Samples by series, those of one series by time.
pub type BySeries = Vec<(Labels, Vec<(i64, f64)>)>;

/// What comes next in a feed.
#[derive(Debug, Default)]
pub struct Portion {
    /// The samples.
    pub series: BySeries,
    /// How many there are.
    pub samples: usize,
    /// What to remember once the receiver has them.
    pub after: Cursor,
    /// What is missing before them, in a sentence.
    pub lost: Option<String>,
}

/// One receiver's way through a store.
pub struct Feed {
    name: String,
    cursor: Cursor,
    tail: Tail,
    window: Option<Window>,
}

impl Feed {
    /// What is next, of about so many samples; nothing if the receiver has everything.
    pub fn next(&mut self, store: &Store, most: usize) -> io::Result<Option<Portion>> {
        while let Some(back) = self.cursor.back.clone() {
            if let Some(portion) = self.next_back(store, back, most) {
                return Ok(Some(portion));
            }
        }
        let portion = self.tail.next(store, &self.cursor, most)?;
        Ok((portion.samples > 0 || portion.lost.is_some()).then_some(portion))
    }

    /// How far it is.
    pub fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// Goes on from elsewhere: from behind a portion that was taken, or from an earlier one again.
    pub fn go_on_from(&mut self, cursor: &Cursor) {
        self.cursor = cursor.clone();
    }
}

impl Store {
    /// A feed, where it was left; one that is new begins with what is there from a time on, or with what
    /// arrives from now on. Its name is of small letters, digits and dashes.
    pub fn feed(&mut self, name: &str, from: Option<i64>) -> io::Result<Feed> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 100 || !name.bytes().all(fits) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{name:?} is no name of a feed: small letters, digits and dashes are"),
            ));
        }
        if !self.feeds.contains_key(name) {
            let log = self.log_number();
            let until = self.newest().map(|newest| newest.saturating_add(1));
            let back = from.zip(until).filter(|(from, until)| from < until);
            let back = back.map(|(from, until)| Back { from, until, after: Vec::new() });
            self.remember(name, &Cursor { back, log, offset: self.log.length })?;
        }
        let cursor = self.feeds.get(name).cloned().unwrap_or_default();
        Ok(Feed { name: name.to_owned(), cursor, tail: Tail::default(), window: None })
    }

    /// Forgets all feeds but some, and what was kept for them.
    pub fn keep_feeds(&mut self, names: &[&str]) -> io::Result<()> {
        for file in self.directory.list()? {
            let name = file.strip_prefix(FEED);
            if name.is_some_and(|name| !names.contains(&name)) {
                self.directory.remove(&file)?;
            }
        }
        self.feeds.retain(|name, _| names.contains(&name.as_str()));
        self.drop_arrived()
    }

    /// The receiver has what comes before a cursor; the feed goes on behind it.
    pub fn taken(&mut self, feed: &mut Feed, cursor: &Cursor) -> io::Result<()> {
        feed.go_on_from(cursor);
        self.keep_place(feed, cursor)
    }

    /// Remembers where a feed goes on after an end of this process: a place before what its receiver may
    /// still lose. What comes after it is kept.
    pub fn keep_place(&mut self, feed: &Feed, cursor: &Cursor) -> io::Result<()> {
        let left = self.feeds.get(&feed.name).is_some_and(|before| before.log < cursor.log);
        self.remember(&feed.name, cursor)?;
        if left { self.drop_arrived() } else { Ok(()) }
    }

    fn remember(&mut self, name: &str, cursor: &Cursor) -> io::Result<()> {
        let mut file = self.directory.begin(&format!("{FEED}{name}"))?;
        file.write_all(&cursor.bytes())?;
        file.finish()?;
        self.feeds.insert(name.to_owned(), cursor.clone());
        Ok(())
    }

    /// Reads how far the feeds are.
    pub(crate) fn load_feeds(
        &mut self,
        names: &[String],
        damage: &mut Vec<String>,
    ) -> io::Result<()> {
        let mut feeds = BTreeMap::new();
        for file in names {
            let Some(name) = file.strip_prefix(FEED) else { continue };
            match Cursor::read(&self.directory.read(file)?) {
                Some(cursor) => drop(feeds.insert(name.to_owned(), cursor)),
                None => damage.push(format!("{file}: it cannot be read; the feed begins anew")),
            }
        }
        self.feeds = feeds;
        Ok(())
    }

    /// Lets a log go whose content is in files: it stays for the feeds that have not read it.
    pub(crate) fn retire_log(&mut self, name: &str) -> io::Result<()> {
        if self.feeds.is_empty() {
            return self.directory.remove(name);
        }
        let number = name.trim_start_matches("log-");
        self.directory.rename(name, &format!("{ARRIVED}{number}"))?;
        self.drop_arrived()
    }

    /// Removes the logs that all feeds have read but the last one, to which a receiver may have to go
    /// back, and the oldest of those that take too much.
    fn drop_arrived(&mut self) -> io::Result<()> {
        let first = self.feeds.values().map(|cursor| cursor.log).min();
        let (mut kept, mut read) = (0_u64, 0);
        for number in self.arrived()?.into_iter().rev() {
            let name = format!("{ARRIVED}{number}");
            kept = kept.saturating_add(self.directory.length(&name)?);
            read += usize::from(first.is_none_or(|first| number < first));
            if first.is_none() || read > 1 || kept > self.settings.feed_bytes {
                self.directory.remove(&name)?;
            }
        }
        Ok(())
    }

    /// The numbers of the logs that were kept, in order.
    fn arrived(&self) -> io::Result<Vec<u64>> {
        let names = self.directory.list()?;
        let number = |name: &String| name.strip_prefix(ARRIVED)?.parse::<u64>().ok();
        let mut numbers: Vec<u64> = names.iter().filter_map(number).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn log_number(&self) -> u64 {
        self.log.name.trim_start_matches("log-").parse().unwrap_or_default()
    }

    /// The time of the newest sample.
    fn newest(&self) -> Option<i64> {
        let raw = self.files.iter().filter(|file| file.name.tier == Tier::Raw);
        let heads = self.heads().filter_map(|head| head.span().map(|(_, last)| last));
        raw.map(|file| file.last()).chain(heads).max()
    }

    /// The first time from another on where there may be something.
    fn first_from(&self, from: i64) -> Option<i64> {
        let files = self.files.iter().map(|file| {
            let name = file.name;
            (name.day * DAY, (name.day + name.days) * DAY - 1)
        });
        let spans = files.chain(self.heads().filter_map(Head::span));
        spans.filter(|(_, last)| *last >= from).map(|(first, _)| first.max(from)).min()
    }
}
