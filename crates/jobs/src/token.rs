//! API tokens: what their bearer may do. Only a hash of one is kept.

use crate::Millis;
use crate::secret;

/// What a bearer may do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// See jobs, runs and what they printed.
    Read,
    /// Start and cancel this job, and see its runs.
    Run(String),
    /// The same with every job.
    RunAny,
    /// Send measurements.
    WriteMetrics,
    /// Ask for measurements, and for the alerts that follow from them.
    ReadMetrics,
    /// Send lines of logs.
    WriteLogs,
    /// Read logs: they speak of persons.
    ReadLogs,
    /// Everything, tokens too.
    Admin,
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Run(job) => write!(f, "run:{job}"),
            Self::RunAny => f.write_str("run:*"),
            Self::WriteMetrics => f.write_str("metrics:write"),
            Self::ReadMetrics => f.write_str("metrics:read"),
            Self::WriteLogs => f.write_str("logs:write"),
            Self::ReadLogs => f.write_str("logs:read"),
            Self::Admin => f.write_str("admin"),
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match (text, text.strip_prefix("run:")) {
            ("read", _) => Ok(Self::Read),
            ("admin", _) => Ok(Self::Admin),
            ("metrics:write", _) => Ok(Self::WriteMetrics),
            ("metrics:read", _) => Ok(Self::ReadMetrics),
            ("logs:write", _) => Ok(Self::WriteLogs),
            ("logs:read", _) => Ok(Self::ReadLogs),
            (_, Some("*")) => Ok(Self::RunAny),
            (_, Some(job)) if !job.is_empty() && job.chars().all(fine) => {
                Ok(Self::Run(job.to_owned()))
            }
            _ => Err(
                "expected `read`, `run:JOB`, `run:*`, `metrics:write`, `metrics:read`, `logs:write`, \
                 `logs:read` or `admin`"
                    .into(),
            ),
        }
    }
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act<'a> {
    /// See something of this job.
    See(&'a str),
    /// See all jobs.
    SeeAll,
    /// Start or cancel this job.
    Run(&'a str),
    /// Send measurements.
    WriteMetrics,
    /// Ask for measurements and alerts.
    ReadMetrics,
    /// Send lines of logs.
    WriteLogs,
    /// Read logs.
    ReadLogs,
    /// Make and revoke tokens.
    Admin,
}

/// A token as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The part of it that is no secret.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// What its bearer may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub made: Millis,
    /// When it was last used, to the minute.
    pub used: Option<Millis>,
    /// Whether it counts no more.
    pub revoked: bool,
}

impl Token {
    /// Whether its bearer may do this.
    pub fn may(&self, act: Act<'_>) -> bool {
        allows(&self.scopes, act)
    }
}

/// Whether one of the scopes gives this.
pub fn allows(scopes: &[Scope], act: Act<'_>) -> bool {
    scopes.iter().any(|scope| match act {
        Act::See(job) => match scope {
            Scope::Run(one) => one == job,
            Scope::Read | Scope::RunAny | Scope::Admin => true,
            Scope::WriteMetrics | Scope::ReadMetrics | Scope::WriteLogs | Scope::ReadLogs => false,
        },
        Act::Run(job) => match scope {
            Scope::Run(one) => one == job,
            Scope::RunAny | Scope::Admin => true,
            Scope::Read
            | Scope::WriteMetrics
            | Scope::ReadMetrics
            | Scope::WriteLogs
            | Scope::ReadLogs => false,
        },
        Act::SeeAll => [Scope::Read, Scope::Admin].contains(scope),
        Act::WriteMetrics => [Scope::WriteMetrics, Scope::Admin].contains(scope),
        Act::ReadMetrics => [Scope::ReadMetrics, Scope::Admin].contains(scope),
        Act::WriteLogs => [Scope::WriteLogs, Scope::Admin].contains(scope),
        Act::ReadLogs => [Scope::ReadLogs, Scope::Admin].contains(scope),
        Act::Admin => *scope == Scope::Admin,
    })
}

/// A new token: what is shown once, and what is kept of it.
#[derive(Debug, Clone)]
pub struct Made {
    /// The token. Nobody can show it again.
    pub shown: String,
    /// The part that is no secret.
    pub id: String,
    /// The hash of the rest.
    pub hash: String,
}

/// Makes a token by chance.
pub fn make() -> Result<Made, std::io::Error> {
    let random = secret::random()?;
    let (id, _) = random.split_at_checked(12).unwrap_or_default();
    let secret = secret::random()?;
    let shown = format!("ketupa_{id}_{secret}");
    Ok(Made { shown, id: id.to_owned(), hash: secret::hash(&secret) })
}

/// The two parts of what somebody shows as a token.
pub fn parts(shown: &str) -> Option<(&str, &str)> {
    shown.trim().strip_prefix("ketupa_")?.split_once('_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(scopes: &[&str]) -> Token {
        let scopes = scopes.iter().map(|scope| scope.parse().expect("a scope")).collect();
        let (id, name) = (String::new(), String::new());
        Token { id, name, scopes, made: 0, used: None, revoked: false }
    }

    #[test]
    fn a_scope_gives_what_it_says_and_no_more() {
        let one = token(&["run:mail"]);
        assert!(one.may(Act::Run("mail")) && one.may(Act::See("mail")));
        assert!(!one.may(Act::Run("web")) && !one.may(Act::See("web")) && !one.may(Act::Admin));
        assert!(!one.may(Act::SeeAll));
        let read = token(&["read"]);
        assert!(read.may(Act::SeeAll) && !read.may(Act::Run("mail")) && !read.may(Act::Admin));
        assert!(token(&["run:*"]).may(Act::Run("web")) && !token(&["run:*"]).may(Act::Admin));
        assert!(token(&["admin"]).may(Act::Admin) && !token(&[]).may(Act::SeeAll));
    }

    #[test]
    fn sending_reading_and_running_do_not_give_each_other() {
        let watch = [
            ("metrics:write", Act::WriteMetrics),
            ("metrics:read", Act::ReadMetrics),
            ("logs:write", Act::WriteLogs),
            ("logs:read", Act::ReadLogs),
        ];
        let acts = [Act::See("mail"), Act::SeeAll, Act::Run("mail"), Act::Admin];
        for (scope, gives) in watch {
            let others = watch.iter().map(|(_, act)| *act).chain(acts);
            for act in others.filter(|act| *act != gives) {
                assert!(!token(&[scope]).may(act), "{scope} gives {act:?}");
            }
            assert!(token(&[scope]).may(gives) && token(&["admin"]).may(gives));
            assert!(!token(&["read", "run:*"]).may(gives), "{gives:?}");
        }
    }

    #[test]
    fn a_scope_is_read_as_it_is_shown() {
        let watch = ["metrics:write", "metrics:read", "logs:write", "logs:read"];
        for text in ["read", "run:mail", "run:*", "admin"].into_iter().chain(watch) {
            assert_eq!(text.parse::<Scope>().expect("a scope").to_string(), text);
        }
        for text in ["", "run:", "run:a b", "Admin", "*", "run:Mail", "metrics", "metrics:*"] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_shown_leads_to_what_is_kept() {
        let made = make().expect("chance");
        let (id, secret) = parts(&made.shown).expect("two parts");
        assert_eq!((id, secret::hash(secret)), (made.id.as_str(), made.hash.clone()));
        assert!(!made.hash.contains(secret) && made.shown != make().expect("chance").shown);
        assert_eq!(parts("ketupa_"), None);
    }
}
