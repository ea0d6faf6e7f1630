//! Who asks: a program with its token, a browser with its session; and that a form is one of ours.

use crate::house::Cookies;
use crate::server::App;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jobs::desk::Refusal;
use jobs::secret;
use jobs::token::{Scope, Token};

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
    let Some(shown) = shown(headers) else { return Ok(None) };
    app.ask(move |desk| Ok(desk.store.bearer(&shown, desk.store.now()?)?)).await
}

/// What the bearer of a token, or of another secret that counts here, may do.
pub(crate) async fn scopes(app: &App, headers: &HeaderMap) -> Result<Option<Vec<Scope>>, Refusal> {
    let Some(shown) = shown(headers) else { return Ok(None) };
    let mut keys = app.house.keys.iter();
    if let Some(scopes) = keys.find_map(|key| key.opened_by(&shown)) {
        return Ok(Some(scopes.to_vec()));
    }
    let token = app.ask(move |desk| Ok(desk.store.bearer(&shown, desk.store.now()?)?)).await?;
    Ok(token.map(|token| token.scopes))
}

/// What is shown: `Bearer TOKEN`, or `Basic` with the token as the password of any user.
fn shown(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, said) = said.split_once(' ')?;
    let said = said.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(said.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(said).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
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
