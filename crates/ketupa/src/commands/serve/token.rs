//! `ketupa token`: who may do what.

use super::book;
use crate::cli::Format;
use crate::cli::serve::{Token, TokenCreate, TokenList, TokenRevoke};
use crate::commands::{End, Error};
use crate::report::plain;
use crate::screen::Screen;
use jobs::schedule::moment;
use jobs::store::Trouble;
use jobs::token::Scope;
use serde_json::{Value, json};

pub(crate) fn run(what: Token, screen: &mut Screen) -> Result<End, Error> {
    match what {
        Token::Create(args) => create(&args, screen),
        Token::List(args) => list(&args, screen),
        Token::Revoke(args) => revoke(&args, screen),
    }
}

pub(super) fn says(trouble: Trouble) -> Error {
    Error::Message(trouble.says)
}

fn create(args: &TokenCreate, screen: &mut Screen) -> Result<End, Error> {
    let scopes: Result<Vec<Scope>, String> = args.scope.iter().map(|text| text.parse()).collect();
    let scopes = scopes.map_err(Error::Usage)?;
    let store = book::open(&args.book)?;
    let made = jobs::token::make();
    let made = made.map_err(|e| Error::Message(format!("this machine gives no chance: {e}")))?;
    let now = store.now().map_err(says)?;
    store.add_token(&made, &args.name, &scopes, now).map_err(says)?;
    screen.line(&made.shown)?;
    screen.say(format!("token {}: keep it now, it is never shown again", made.id));
    Ok(End::Well)
}

fn list(args: &TokenList, screen: &mut Screen) -> Result<End, Error> {
    let tokens = book::open(&args.book)?.tokens().map_err(says)?;
    let rows: Vec<Value> = tokens.iter().map(row).collect();
    match args.format {
        Format::Json => screen.json(&json!({ "tokens": rows }))?,
        Format::Text if tokens.is_empty() => {
            screen.say("there is no token yet: `ketupa token create NAME --scope admin` makes one");
        }
        Format::Text => {
            for token in &tokens {
                let scopes: Vec<String> = token.scopes.iter().map(ToString::to_string).collect();
                let gone = if token.revoked { ", revoked" } else { "" };
                let text = format!("{}  {}: {}{gone}", token.id, token.name, scopes.join(" "));
                screen.line(plain(&text))?;
            }
        }
    }
    Ok(End::Well)
}

fn row(token: &jobs::token::Token) -> Value {
    let instant = |at: i64| moment(at).map(|moment| moment.to_string());
    let scopes: Vec<String> = token.scopes.iter().map(ToString::to_string).collect();
    json!({
        "id": token.id,
        "name": token.name,
        "scopes": scopes,
        "made": instant(token.made),
        "used": token.used.and_then(instant),
        "revoked": token.revoked,
    })
}

fn revoke(args: &TokenRevoke, screen: &mut Screen) -> Result<End, Error> {
    if !book::open(&args.book)?.revoke(&args.id).map_err(says)? {
        let says = format!("no token `{}` counts: `ketupa token list` shows them", plain(&args.id));
        return Err(Error::Usage(says));
    }
    screen.say("revoked; who was logged in with it is logged out");
    Ok(End::Well)
}
