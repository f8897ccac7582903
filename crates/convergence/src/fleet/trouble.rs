//! What can be wrong with Redis: something that passes, or something that a person has to put right.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::upstream::certificate_fault;

/// Why Redis does not decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// It may be back at any time.
    Away(String),
    /// It will not be, before this setting or that server has been changed.
    Settings {
        /// The setting to look at.
        variable: &'static str,
        /// What is wrong, and what to do.
        wrong: String,
    },
}

const URL: &str = "REDIS_URL";
const PASSWORD: &str = "REDIS_PASSWORD";
const CA_PATH: &str = "REDIS_CA_PATH";

impl Trouble {
    pub(super) fn away(why: impl Into<String>) -> Self {
        Trouble::Away(why.into())
    }

    pub(super) fn settings(wrong: impl Into<String>) -> Self {
        Trouble::Settings { variable: URL, wrong: wrong.into() }
    }

    /// One of few words, for the metrics.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Trouble::Away(why) if why == SLOW => "timeout",
            Trouble::Away(_) => "away",
            Trouble::Settings { .. } => "settings",
        }
    }

    /// No answer within the deadline.
    pub(super) fn slow() -> Self {
        Self::away(SLOW)
    }
}

/// In the words of the log: no address, no password, nothing that the other side chose.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Away(why) => f.write_str(why),
            Trouble::Settings { variable, wrong } => write!(f, "{variable}: {wrong}"),
        }
    }
}

const SLOW: &str = "it does not answer in time";

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        if let Some(tls) = tls_error(&error) {
            return of_tls(tls);
        }
        match error.kind() {
            ErrorKind::Parse => Self::settings(
                "what answers there does not speak Redis' protocol; is it the port of another server?",
            ),
            ErrorKind::AuthenticationFailed => refused_password(),
            ErrorKind::InvalidClientConfig => Self::settings("cannot be used"),
            ErrorKind::Server(ServerErrorKind::NoPerm) => forbidden(),
            ErrorKind::Server(ServerErrorKind::ReadOnly) => {
                Self::away("it is a replica, and takes no writes (READONLY)")
            }
            _ => match error.code() {
                Some("NOAUTH") => Trouble::Settings {
                    variable: PASSWORD,
                    wrong: "the server demands a password; set it, or put user and password into REDIS_URL"
                        .to_owned(),
                },
                Some("WRONGPASS") => refused_password(),
                Some("NOPERM") => forbidden(),
                Some("DENIED") => Self::settings(
                    "the server is in protected mode, and takes no connections from other machines",
                ),
                // A code is one word in capitals; what follows it may be anything.
                Some(code) => Self::away(format!("it answers with an error: {code}")),
                None => Self::away(of_io(&error)),
            },
        }
    }
}

fn refused_password() -> Trouble {
    let wrong = "the server refuses the user or the password".to_owned();
    Trouble::Settings { variable: PASSWORD, wrong }
}

fn forbidden() -> Trouble {
    Trouble::settings("its user may not do what is needed; docs/redis.md has the rights (NOPERM)")
}

/// The error of TLS that is inside, if it is one.
fn tls_error(error: &RedisError) -> Option<&rustls::Error> {
    io_error(error)?.get_ref()?.downcast_ref()
}

fn io_error(error: &RedisError) -> Option<&io::Error> {
    let source = error.source()?;
    // The library has it in an `Arc`, which is an error of its own.
    let shared = source.downcast_ref::<Arc<dyn Error + Send + Sync>>();
    shared.map_or_else(|| source.downcast_ref(), |shared| shared.downcast_ref())
}

fn of_tls(error: &rustls::Error) -> Trouble {
    match error {
        rustls::Error::InvalidCertificate(wrong) => Trouble::Settings {
            variable: CA_PATH,
            wrong: format!("the certificate of the server is refused: {}", certificate_fault(wrong, CA_PATH)),
        },
        rustls::Error::InvalidMessage(_) => {
            Trouble::settings("what answers there does not speak TLS; is it the port of another server?")
        }
        rustls::Error::AlertReceived(alert) => Trouble::Settings {
            variable: "REDIS_CLIENT_CERT_PATH",
            wrong: format!("the server ends the TLS handshake ({alert:?}); does it demand a certificate?"),
        },
        other => Trouble::away(format!("TLS: {other}")),
    }
}

fn of_io(error: &RedisError) -> String {
    let Some(io) = io_error(error) else { return format!("it cannot be asked: {}", error.category()) };
    match io.kind() {
        io::ErrorKind::ConnectionRefused => "the connection is refused".to_owned(),
        io::ErrorKind::TimedOut => "it cannot be reached in time".to_owned(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            "it has closed the connection".to_owned()
        }
        _ => format!("it cannot be reached: {io}"),
    }
}
