//! Who asks: a program with its token, a browser with its session; and that a form is one of ours.

use crate::server::{App, Cookies};
use axum::http::{HeaderMap, header};
use jobs::desk::Refusal;
use jobs::secret;
use jobs::token::Token;

/// How long a browser stays logged in.
pub(crate) const SESSION_S: i64 = 12 * 3_600;
const COOKIE: &str = "ketupa";

/// Somebody in front of a browser.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// The token that they logged in with.
    pub(crate) token: Token,
    session: String,
}

impl Visitor {
    /// What a form of theirs holds, and nobody else can know.
    pub(crate) fn seal(&self) -> String {
        secret::hex(&secret::seal(self.session.as_bytes(), b"form"))
    }

    /// Whether a form is one that they were shown.
    pub(crate) fn sealed(&self, shown: Option<&String>) -> bool {
        let shown = shown.and_then(|text| secret::unhex(text)).unwrap_or_default();
        secret::verify(self.session.as_bytes(), b"form", &shown)
    }

    /// What their browser keeps.
    pub(crate) fn session(&self) -> String {
        self.session.clone()
    }
}

/// The bearer of the token in `Authorization`.
pub(crate) async fn bearer(app: &App, headers: &HeaderMap) -> Result<Option<Token>, Refusal> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|text| text.strip_prefix("Bearer ")).map(str::to_owned);
    let Some(shown) = shown else { return Ok(None) };
    app.ask(move |desk| Ok(desk.store.bearer(&shown, desk.store.now()?)?)).await
}

/// Whoever is logged in with this browser.
pub(crate) async fn visitor(app: &App, headers: &HeaderMap) -> Result<Option<Visitor>, Refusal> {
    let Some(session) = cookie(headers, COOKIE).map(str::to_owned) else { return Ok(None) };
    let asked = session.clone();
    let token = app.ask(move |desk| Ok(desk.store.session(&asked, desk.store.now()?)?)).await?;
    Ok(token.map(|token| Visitor { token, session }))
}

/// A cookie of this name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split("; ")).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// The cookie that a browser gets when somebody logs in, or out.
pub(crate) fn keep(session: &str, seconds: i64, cookies: Cookies) -> String {
    let secure = match cookies {
        Cookies::Secure => "; Secure",
        Cookies::Plain => "",
    };
    format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// Whether a form was sent from one of our pages: browsers say from where.
pub(crate) fn from_here(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        // Old browsers and programs say nothing; a foreign page cannot keep a browser from saying it.
        return true;
    };
    let place = origin.split_once("://").map(|(_, place)| place);
    place.is_some() && place == text(header::HOST)
}
