//! Pushes. The answer comes when the lines are in the log and the log is on the disk.

use crate::prometheus::{Answer, Failure, PATIENCE, allowed, early, received};
use crate::server::App;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use jobs::token::Act;
use logs::wire::push::Form;
use logs::{Appended, Refused};

pub(super) async fn push(State(app): State<App>, request: Request) -> Answer {
    allowed(&app, request.headers(), Act::WriteLogs).await?;
    let form = form(request.headers())?;
    let busy = || Failure::Later("too many senders at once".to_owned());
    let turn = tokio::time::timeout(PATIENCE, app.log_gates.writers.clone().acquire_owned());
    let turn = turn.await.map_err(|_| busy())?.map_err(|_| busy())?;
    let body = received(request).await?;
    let house = app.house.clone();
    let kept = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let now = house.logs.now();
        house.logs.change(|store| (store.push(&body, form, now), now))
    });
    let away = |away: crate::held::Away| Failure::from(away);
    let (kept, now) = kept.await.map_err(|_| busy())?.map_err(away)?;
    told(kept, now / 1_000_000)
}

/// In which form a request says that it is.
fn form(headers: &HeaderMap) -> Result<Form, Failure> {
    let says = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = says(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    match (kind, says(header::CONTENT_ENCODING)) {
        ("application/json", "" | "identity") => Ok(Form::Json),
        ("application/json", "gzip") => Ok(Form::PackedJson),
        ("application/x-protobuf" | "", "" | "snappy") => Ok(Form::Protobuf),
        _ => Err(Failure::Foreign(
            "expected application/json, as it is or packed by gzip, or application/x-protobuf, packed by Snappy"
                .into(),
        )),
    }
}

fn told(kept: Result<Appended, Refused>, now: i64) -> Answer {
    match kept {
        Ok(Appended { refused: 0, .. }) => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(Appended { early: 1.., why, .. }) => Err(early("lines", why, now)),
        // The others are kept. Sent again, these would be refused again.
        Ok(Appended { refused, why, .. }) => {
            let why = why.unwrap_or_default();
            Err(Failure::Wrong(format!(
                "{refused} lines are not taken, the others are; the first: {why}"
            )))
        }
        Err(Refused::Malformed(why)) => Err(Failure::Wrong(why)),
        Err(refused @ Refused::Storage(_)) => Err(Failure::Later(refused.to_string())),
    }
}
