//! `ketupa alerts`: what is wrong, as a server tells it: causes, and below them what they cause.

use super::rules::annotation;
use super::{End, Error};
use crate::cli::Format;
use crate::cli::rules::{Alerts, Language};
use crate::client::Client;
use crate::report::plain;
use crate::screen::Screen;
use serde_json::Value;
use watch::{Alert, Incident};

pub(crate) fn run(args: &Alerts, screen: &mut Screen) -> Result<End, Error> {
    let answer = Client::new(&args.to)?.ask("/api/v1/incidents", &[])?;
    let incidents = answer.pointer("/data/incidents").cloned().unwrap_or(Value::Null);
    let odd = |error: serde_json::Error| {
        Error::Message(format!("the server's answer is not understood: {error}"))
    };
    let told: Vec<Incident> = serde_json::from_value(incidents.clone()).map_err(odd)?;
    match args.format {
        Format::Json => screen.json(&incidents)?,
        Format::Text => {
            let lines = |incident| lines(incident, args.language);
            let lines = told.iter().flat_map(lines).collect::<Vec<_>>();
            lines.iter().try_for_each(|line| screen.line(line))?;
            screen.say(match told.len() {
                0 => "nothing is wrong".to_owned(),
                1 => "1 incident".to_owned(),
                many => format!("{many} incidents"),
            });
        }
    }
    Ok(if told.is_empty() { End::Well } else { End::Wrong })
}

fn lines(incident: &Incident, language: Language) -> Vec<String> {
    let line = |indent, severity, alert| line((indent, severity), alert, language);
    let mut lines = vec![line("", incident.severity(), &incident.cause)];
    if let Some(act) = said(&incident.cause, language, "do") {
        lines.push(format!("            {}", plain(act)));
    }
    lines.extend(incident.caused.iter().map(|alert| line("  ", alert.label("severity"), alert)));
    lines
}

/// What an alert says. Rules that others wrote speak one language.
fn said<'a>(alert: &'a Alert, language: Language, kind: &str) -> Option<&'a String> {
    let translated = alert.annotations.get(&annotation(language, kind));
    translated.or_else(|| alert.annotations.get(kind))
}

fn line((indent, severity): (&str, &str), alert: &Alert, language: Language) -> String {
    let since = jiff::Timestamp::from_millisecond(alert.since).unwrap_or_default();
    let since = since.strftime("%Y-%m-%d %H:%M");
    let (name, object) = (plain(alert.name()), plain(alert.label("object")));
    let summary = plain(said(alert, language, "summary").map_or("", String::as_str));
    format!("{indent}{:<9} {since}Z {name} {object}: {summary}", plain(severity))
}
