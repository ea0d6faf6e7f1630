//! What a question says of itself: in the address, or in a form.

use super::Failure;
use crate::times::{length, moment};
use axum::extract::{FromRequest, Query, RawForm, Request};
use axum::http::header;
use metrics::promql;
use std::time::Duration;

/// The first and the last moment where none is said; far enough, and no sum of them runs over.
const EVER: (i64, i64) = (-4_000_000_000_000_000, 4_000_000_000_000_000);

/// Names and values, those of the form first.
pub(crate) struct Asked(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let unreadable = || Failure::Wrong("the address or the form cannot be read".to_owned());
        let of_address = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
        let mut pairs = Vec::new();
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
            && request.method() == axum::http::Method::POST
        {
            let large = |_| Failure::Large("the question is too long".to_owned());
            let RawForm(form) = RawForm::from_request(request, state).await.map_err(large)?;
            let form = std::str::from_utf8(&form).map_err(|_| unreadable())?;
            let uri = format!("/?{form}").parse().map_err(|_| unreadable())?;
            pairs.extend(
                Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| unreadable())?.0,
            );
        }
        pairs.extend(of_address.map_err(|_| unreadable())?.0);
        Ok(Self(pairs))
    }
}

impl Asked {
    /// What a name stands for, if it stands for something.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    /// All that a name stands for.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The question itself.
    pub(crate) fn question(&self) -> Result<String, Failure> {
        let none = || wrong("query", "there is none");
        self.text("query").map(str::to_owned).ok_or_else(none)
    }

    /// A moment in milliseconds.
    pub(super) fn moment(&self, name: &str) -> Result<Option<i64>, Failure> {
        let odd =
            || wrong(name, "expected seconds since 1970, or a time such as 2026-01-01T00:00:00Z");
        self.text(name).map(|text| moment(text).ok_or_else(odd)).transpose()
    }

    /// A length of time in milliseconds.
    pub(super) fn length(&self, name: &str) -> Result<Option<i64>, Failure> {
        let odd = || wrong(name, "expected seconds, or a length of time such as 15s or 1h30m");
        self.text(name).map(|text| length(text).ok_or_else(odd)).transpose()
    }

    /// How long the answer may take.
    pub(crate) fn within(&self) -> Result<Option<Duration>, Failure> {
        let length = self.length("timeout")?;
        Ok(length.map(|length| Duration::from_millis(length.unsigned_abs())))
    }

    /// From when to when.
    pub(super) fn bounds(&self) -> Result<(i64, i64), Failure> {
        let bounds = (self.moment("start")?, self.moment("end")?);
        Ok((bounds.0.unwrap_or(EVER.0), bounds.1.unwrap_or(EVER.1)))
    }

    /// How many lines the answer may have.
    pub(super) fn limit(&self) -> Result<usize, Failure> {
        let odd = || wrong("limit", "expected a number");
        let limit = self.text("limit").map(|text| text.parse().map_err(|_| odd())).transpose()?;
        Ok(limit.filter(|limit| *limit > 0).unwrap_or(usize::MAX))
    }

    /// Lists of conditions, one of which a series must fulfil.
    pub(super) fn matches(&self) -> Result<Vec<Vec<metrics::Matcher>>, Failure> {
        let matches = self.0.iter().filter(|(key, _)| key == "match[]");
        let select =
            |text: &str| promql::selector(text).map_err(|why| wrong("match[]", &why.to_string()));
        matches.map(|(_, text)| select(text)).collect()
    }
}

pub(crate) fn wrong(name: &str, why: &str) -> Failure {
    Failure::Wrong(format!("invalid parameter \"{name}\": {why}"))
}
