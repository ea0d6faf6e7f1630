//! Tokens and the sessions that were opened with them; of both a hash is kept.

use super::{Row, Store, Trouble};
use crate::token::{self, Made, Scope, Token};
use crate::{Millis, secret};

const TOKEN: &str = "token.id, token.name, token.scopes, token.made, token.used, token.revoked";
/// When a token was last used is kept to the minute.
const USED_MS: Millis = 60_000;

impl Store {
    /// Keeps a new token.
    pub fn add_token(
        &self,
        made: &Made,
        name: &str,
        scopes: &[Scope],
        now: Millis,
    ) -> Result<(), Trouble> {
        let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        let sql = "INSERT INTO token (id, name, hash, scopes, made) VALUES ($1, $2, $3, $4, $5)";
        let scopes = scopes.join(" ");
        let values =
            [(&made.id).into(), name.into(), (&made.hash).into(), (&scopes).into(), now.into()];
        self.with(|database| database.execute(sql, &values)).map(|_| ())
    }

    /// Every token, oldest first.
    pub fn tokens(&self) -> Result<Vec<Token>, Trouble> {
        let sql = format!("SELECT {TOKEN} FROM token ORDER BY made, id");
        self.with(|database| database.query(&sql, &[]))?.iter().map(token).collect()
    }

    /// Makes a token count no more, and closes what was opened with it; whether there was one.
    pub fn revoke(&self, id: &str) -> Result<bool, Trouble> {
        self.locked(|database| {
            database.execute("DELETE FROM session WHERE token = $1", &[id.into()])?;
            let sql = "UPDATE token SET revoked = 1 WHERE id = $1 AND revoked = 0";
            Ok(database.execute(sql, &[id.into()])? == 1)
        })
    }

    /// The token that somebody shows, if it is one and counts.
    pub fn bearer(&self, shown: &str, now: Millis) -> Result<Option<Token>, Trouble> {
        let Some((id, secret)) = token::parts(shown) else { return Ok(None) };
        let sql = format!("SELECT {TOKEN}, token.hash FROM token WHERE id = $1 AND revoked = 0");
        let rows = self.with(|database| database.query(&sql, &[id.into()]))?;
        let Some(row) = rows.first() else { return Ok(None) };
        if !secret::same(secret::hash(secret).as_bytes(), row.text(6)?.as_bytes()) {
            return Ok(None);
        }
        let token = token(row)?;
        self.used(&token, now)?;
        Ok(Some(token))
    }

    fn used(&self, token: &Token, now: Millis) -> Result<(), Trouble> {
        if token.used.is_some_and(|used| now - used < USED_MS) {
            return Ok(());
        }
        let sql = "UPDATE token SET used = $1 WHERE id = $2";
        self.with(|database| database.execute(sql, &[now.into(), (&token.id).into()])).map(|_| ())
    }

    /// Opens a session of a token's bearer; what the browser keeps.
    pub fn log_in(&self, token: &Token, until: Millis) -> Result<String, Trouble> {
        let shown = secret::random()
            .map_err(|error| Trouble::new(format!("no secret by chance: {error}")))?;
        let sql = "INSERT INTO session (hash, token, until) VALUES ($1, $2, $3)";
        let values = [(&secret::hash(&shown)).into(), (&token.id).into(), until.into()];
        self.with(|database| database.execute(sql, &values))?;
        Ok(shown)
    }

    /// Whose session it is, if it is one and not over.
    pub fn session(&self, shown: &str, now: Millis) -> Result<Option<Token>, Trouble> {
        let sql = format!(
            "SELECT {TOKEN} FROM session JOIN token ON token.id = session.token \
             WHERE session.hash = $1 AND session.until > $2 AND token.revoked = 0"
        );
        // The hash is looked up, so that how long it takes says nothing about the secret.
        let values = [(&secret::hash(shown)).into(), now.into()];
        let rows = self.with(|database| database.query(&sql, &values))?;
        rows.first().map(token).transpose()
    }

    /// Closes a session.
    pub fn log_out(&self, shown: &str) -> Result<(), Trouble> {
        let values = [(&secret::hash(shown)).into()];
        let sql = "DELETE FROM session WHERE hash = $1";
        self.with(|database| database.execute(sql, &values)).map(|_| ())
    }
}

fn token(row: &Row) -> Result<Token, Trouble> {
    // A scope that this program does not know gives nothing.
    let scopes = row.text(2)?.split(' ').filter_map(|scope| scope.parse().ok()).collect();
    Ok(Token {
        id: row.text(0)?,
        name: row.text(1)?,
        scopes,
        made: row.int(3)?,
        used: row.maybe_int(4)?,
        revoked: row.int(5)? != 0,
    })
}
