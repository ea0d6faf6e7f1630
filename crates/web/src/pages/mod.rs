//! The pages: what is shown, in French and in English. They work without JavaScript, except that a run
//! which is under way does not update itself.

mod files;
mod jobs;
mod language;
mod login;
mod run;
mod search;
mod shown;
mod tokens;

use crate::access::{self, Visitor};
use crate::api::told;
use crate::server::App;
use ::jobs::desk::Refusal;
use ::jobs::token::Act;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
pub(crate) use language::Language;
use language::Texts;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A form's fields.
pub(crate) type Form = axum::Form<BTreeMap<String, String>>;
/// A page, or the page that says why there is none.
pub(crate) type Answer = Result<Response, Instead>;

/// What is answered instead of what was asked for.
pub(crate) struct Instead(Box<Response>);

impl IntoResponse for Instead {
    fn into_response(self) -> Response {
        *self.0
    }
}

const TEMPLATES: [(&str, &str); 9] = [
    ("base.html", include_str!("templates/base.html")),
    ("jobs.html", include_str!("templates/jobs.html")),
    ("job.html", include_str!("templates/job.html")),
    ("run.html", include_str!("templates/run.html")),
    ("runs.html", include_str!("templates/runs.html")),
    ("search.html", include_str!("templates/search.html")),
    ("tokens.html", include_str!("templates/tokens.html")),
    ("login.html", include_str!("templates/login.html")),
    ("wrong.html", include_str!("templates/wrong.html")),
];

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(jobs::routes())
        .merge(run::routes())
        .merge(search::routes())
        .merge(tokens::routes())
        .merge(login::routes())
        .merge(language::routes())
        .merge(files::routes())
        .fallback(nowhere)
}

/// Templates and texts.
pub(crate) struct Pages {
    templates: Environment<'static>,
    texts: Texts,
}

impl Pages {
    pub(crate) fn new() -> Self {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| AutoEscape::Html);
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in TEMPLATES {
            // A test renders each of them.
            drop(templates.add_template(name, text));
        }
        Self { templates, texts: Texts::new() }
    }

    /// Why a run ended, in a language.
    pub(crate) fn why(&self, language: Language, says: &str) -> String {
        self.texts.why(language, says)
    }

    fn render(
        &self,
        name: &str,
        language: Language,
        page: Map<String, Value>,
    ) -> Result<String, String> {
        let texts = json!({ "t": self.texts.of(language), "lang": language.word() });
        let mut values = page;
        if let Value::Object(texts) = texts {
            values.extend(texts);
        }
        let template = self.templates.get_template(name).map_err(|error| format!("{error:#}"))?;
        template.render(minijinja::value::Serde(values)).map_err(|error| format!("{error:#}"))
    }
}

/// One question of a browser: who asks, in which language, and where from.
pub(crate) struct Here {
    pub(crate) app: App,
    pub(crate) language: Language,
    path: String,
    visitor: Option<Visitor>,
}

impl Here {
    pub(crate) async fn of(app: App, headers: &HeaderMap, uri: &Uri) -> Result<Self, Instead> {
        let language = Language::of(headers);
        let path =
            uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str).to_owned();
        let visitor = access::visitor(&app, headers).await;
        let mut here = Self { app, language, path, visitor: None };
        match visitor {
            Ok(visitor) => here.visitor = visitor,
            Err(refusal) => return Err(here.refused(refusal)),
        }
        Ok(here)
    }

    /// Whoever is logged in; else the way to the login.
    pub(crate) fn visitor(&self) -> Result<&Visitor, Instead> {
        let to_login = || {
            Instead(Box::new(
                Redirect::to(&format!("/login?to={}", encoded(&self.path))).into_response(),
            ))
        };
        self.visitor.as_ref().ok_or_else(to_login)
    }

    /// Somebody who may do this.
    pub(crate) fn allowed(&self, act: Act<'_>) -> Result<&Visitor, Instead> {
        let visitor = self.visitor()?;
        if visitor.token.may(act) {
            Ok(visitor)
        } else {
            Err(self.wrong(StatusCode::FORBIDDEN, ""))
        }
    }

    /// Somebody who may do this, and sent a form that they were shown.
    pub(crate) fn formed(
        &self,
        headers: &HeaderMap,
        form: &Form,
        act: Act<'_>,
    ) -> Result<&Visitor, Instead> {
        let visitor = self.allowed(act)?;
        if !access::from_here(headers) || !visitor.sealed(form.get("seal")) {
            return Err(self.wrong(StatusCode::BAD_REQUEST, ""));
        }
        Ok(visitor)
    }

    /// A page.
    pub(crate) fn page(&self, name: &str, page: Value) -> Response {
        let mut values = self.frame();
        if let Value::Object(page) = page {
            values.extend(page);
        }
        match self.app.pages.render(name, self.language, values) {
            Ok(text) => {
                let about = [
                    (header::CONTENT_LANGUAGE, self.language.word()),
                    (header::VARY, "Accept-Language, Cookie"),
                ];
                (about, Html(text)).into_response()
            }
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
        }
    }

    /// What is around every page.
    fn frame(&self) -> Map<String, Value> {
        let visitor = self.visitor.as_ref().map(
            |visitor| json!({ "name": visitor.token.name, "admin": visitor.token.may(Act::Admin) }),
        );
        let seal = self.visitor.as_ref().map(Visitor::seal);
        let frame = [
            ("visitor", visitor.into()),
            ("seal", seal.into()),
            ("path", encoded(&self.path).into()),
        ];
        frame.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The page that says what went wrong.
    pub(crate) fn wrong(&self, status: StatusCode, says: &str) -> Instead {
        let page = self.page("wrong.html", json!({ "status": status.as_u16(), "says": says }));
        Instead(Box::new((status, page).into_response()))
    }

    pub(crate) fn refused(&self, refusal: Refusal) -> Instead {
        let (status, says) = told(refusal);
        self.wrong(status, &says)
    }

    /// Asks the desk; what it refuses is a page.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&::jobs::desk::Desk) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Instead> {
        self.app.ask(ask).await.map_err(|refusal| self.refused(refusal))
    }
}

/// Text as a part of an address.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(["%", &::jobs::secret::hex(&[byte])]);
        }
    }
    encoded
}

/// Where somebody wanted to go, if it is a place here: never another site.
fn place_here(text: Option<&String>) -> &str {
    let here = text.filter(|text| {
        let odd = |c: char| c == '\\' || c.is_control();
        text.starts_with('/') && !text.starts_with("//") && !text.contains(odd)
    });
    here.map_or("/", String::as_str)
}

async fn nowhere(
    axum::extract::State(app): axum::extract::State<App>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let here = Here::of(app, &headers, &uri).await?;
    Err(here.wrong(StatusCode::NOT_FOUND, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_never_another_site() {
        let place = |text: &str| place_here(Some(&text.to_owned())).to_owned();
        assert_eq!(place("/runs/5?x=1"), "/runs/5?x=1");
        // Browsers drop a tab.
        let tab = "/\t/evil.example";
        for odd in ["//evil.example", "https://evil.example", "/\\evil.example", "", tab, "/a\r\nb"]
        {
            assert_eq!(place(odd), "/", "{odd}");
        }
    }

    #[test]
    fn every_template_is_one() {
        let pages = Pages::new();
        for (name, _) in TEMPLATES {
            assert!(pages.templates.get_template(name).is_ok(), "{name}");
        }
    }
}
