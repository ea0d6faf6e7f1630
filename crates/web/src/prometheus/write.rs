//! Remote write 1.0. The answer comes when the samples are in the log and the log is on the disk.

use super::{Answer, Failure, PATIENCE, allowed, early, received};
use crate::server::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use jobs::token::Act;
use metrics::{Appended, Refused};

pub(super) async fn write(State(app): State<App>, request: Request) -> Answer {
    allowed(&app, request.headers(), Act::WriteMetrics).await?;
    readable(request.headers())?;
    let turn = tokio::time::timeout(PATIENCE, app.gates.writers.clone().acquire_owned());
    let busy = || Failure::Later("too many senders at once".to_owned());
    let turn = turn.await.map_err(|_| busy())?.map_err(|_| busy())?;
    let body = received(request).await?;
    let house = app.house.clone();
    let kept = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let now = house.metrics.now();
        let kept = house.metrics.change(|store| store.remote_write(&body, now))?;
        if let Ok(appended) = &kept {
            house.counts.wrote(appended);
        }
        Ok((kept, now))
    });
    let (kept, now) = kept.await.unwrap_or_else(|_| Err(busy()))?;
    told(kept, now)
}

/// Whether it says that it is what is read here.
fn readable(headers: &HeaderMap) -> Result<(), Failure> {
    let says = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, encoding) = (says(header::CONTENT_TYPE), says(header::CONTENT_ENCODING));
    let second = kind.contains("proto=") && !kind.contains("proto=prometheus.WriteRequest");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let known =
        ["", "application/x-protobuf"].contains(&kind) && ["", "snappy"].contains(&encoding);
    if known && !second {
        return Ok(());
    }
    Err(Failure::Foreign("expected remote write 1.0: a Protocol Buffer, packed by Snappy".into()))
}

fn told(kept: Result<Appended, Refused>, now: i64) -> Answer {
    match kept {
        Ok(Appended { refused: 0, .. }) => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(Appended { early: 1.., why, .. }) => Err(early("samples", why, now)),
        // The others are kept. Sent again, these would be refused again.
        Ok(Appended { refused, why, .. }) => {
            let why = why.unwrap_or_default();
            Err(Failure::Wrong(format!(
                "{refused} samples are not taken, the others are; the first: {why}"
            )))
        }
        Err(Refused::Malformed(why)) => Err(Failure::Wrong(why)),
        Err(refused @ Refused::Storage(_)) => Err(Failure::Later(refused.to_string())),
    }
}
