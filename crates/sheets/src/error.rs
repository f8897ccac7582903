//! What can go wrong, by what can be done about it.
//!
//! No message holds a token, an assertion, a private key, a spreadsheet's id or a piece of an answer's body.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::connect::ConnectFault;
use crate::credentials::SubjectTokenFault;
use crate::token_rejection::TokenRejection;

/// Why a call failed. Each variant is one thing that the caller, or the person who runs it, can do.
/// Calls that waited for the same token get copies of one error.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The endpoint given is not an address.
    #[error(
        "the google sheets endpoint is not an http or https address; the usual one is https://sheets.googleapis.com"
    )]
    Endpoint,
    /// The spreadsheet's id has characters that no id has; often a whole address was pasted.
    #[error("this is not a spreadsheet's id; it is the part of its address between /d/ and /edit")]
    SheetId,
    /// No HTTP client could be made: most often there are no root certificates on this machine.
    #[error("cannot set up tls; install the system's root certificates (package ca-certificates)")]
    Setup(#[source] Arc<reqwest::Error>),
    /// 403: the account cannot see the spreadsheet.
    #[error(
        "the spreadsheet is not shared with the account that reads it; share it with {client_email} as editor"
    )]
    NotShared {
        /// The address to share it with; words for the account where no address is known.
        client_email: String,
    },
    /// 403 on a write: the account may read the spreadsheet and not change it. (A spreadsheet that is not shared at all
    /// answers a write in the same words; a read tells the two apart.)
    #[error("the service account may not write to the spreadsheet; share it with {client_email} as editor")]
    NotEditor {
        /// The address to share it with.
        client_email: String,
    },
    /// 400 on a write: the cells are protected, and the account is not among those who may edit them.
    #[error(
        "the cells are protected; under data > protect sheets and ranges let {client_email} edit them, or only warn"
    )]
    Protected {
        /// The account that may not edit them.
        client_email: String,
    },
    /// 400 on a write: the spreadsheet has as many cells as Google allows.
    #[error("the spreadsheet has as many cells as google allows; delete tabs or rows that nobody needs")]
    Full,
    /// 400 on a write: there is a tab of this title already.
    #[error("the spreadsheet has a tab of this name already")]
    TabExists,
    /// 403: the API is switched off in the service account's project.
    #[error(
        "the google sheets api is not enabled for the service account's project; enable it at {activation_url} and wait a few minutes"
    )]
    ApiDisabled {
        /// Google's page to enable it.
        activation_url: String,
    },
    /// 403: the token was given for other scopes.
    #[error(
        "the access token does not cover google sheets; let the service account use the scope https://www.googleapis.com/auth/spreadsheets"
    )]
    InsufficientScope,
    /// 403: the machine's account got a token without the scope.
    #[error(
        "the token of this machine does not cover google sheets; add https://www.googleapis.com/auth/spreadsheets to the vm's access scopes (gcloud compute instances set-service-account --scopes, while it is stopped)"
    )]
    ScopeOfMachine,
    /// 403: whoever logged in with gcloud was not asked for the scope.
    #[error(
        "the login with gcloud does not cover google sheets; run gcloud auth application-default login --scopes=https://www.googleapis.com/auth/cloud-platform,https://www.googleapis.com/auth/spreadsheets and then gcloud auth application-default set-quota-project"
    )]
    ScopeOfLogin,
    /// 403: the calls of a login are to be paid by a project, and none is named, or one that it may not use.
    #[error(
        "the account needs a quota project that it may use (role service usage consumer) and in which the google sheets api is enabled; run gcloud auth application-default set-quota-project"
    )]
    QuotaProject,
    /// No application-default credentials are anywhere.
    #[error(
        "there are no application-default credentials: GOOGLE_APPLICATION_CREDENTIALS is not set, gcloud has left none here, and no metadata server answers; set the variable, or run gcloud auth application-default login"
    )]
    NoDefaultCredentials,
    /// Workload identity federation: there is no token of the workload to exchange.
    #[error("the workload's own token cannot be had: {0}")]
    SubjectToken(SubjectTokenFault),
    /// 404: no spreadsheet has this id.
    #[error("no spreadsheet has this id; check it: it is the part of the address between /d/ and /edit")]
    SheetNotFound,
    /// 400: the spreadsheet has no such tab. [`properties`](crate::Spreadsheet::properties) lists those it has.
    #[error("the spreadsheet has no tab {tab:?}; create it, or name the right one (case and spaces count)")]
    TabMissing {
        /// The title asked for.
        tab: String,
    },
    /// 400: an uploaded Excel file that was never converted.
    #[error(
        "the file is an office file, not a google sheet; open it, choose file > save as google sheets, and use the new file's id"
    )]
    OfficeFile,
    /// 429: the account or the project has used up its requests of this minute.
    #[error(
        "google's quota for this minute is used up; wait a minute, and read less often if it happens again"
    )]
    QuotaExceeded {
        /// What Google asked to wait, if it did; no recorded answer does.
        retry_after: Option<Duration>,
    },
    /// The account is given no token.
    #[error("google refuses the account: {0}")]
    TokenRejected(TokenRejection),
    /// 401, twice: a token that was just issued does not work.
    #[error(
        "google does not accept the access token it has just issued; check that the account is enabled, and retry in a minute"
    )]
    Unauthorised,
    /// 5xx or 408.
    #[error("{service} answered {status}; the fault is google's, retry later")]
    Server {
        /// Who answered.
        service: Service,
        /// The HTTP status.
        status: u16,
        /// What it asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// No whole answer came in time.
    #[error("{service} did not answer within {} s; check the network and retry", limit.as_secs_f64())]
    Timeout {
        /// Who was asked.
        service: Service,
        /// How long it was waited.
        limit: Duration,
    },
    /// No connection could be made.
    #[error("cannot connect to {service}: {fault}")]
    Connect {
        /// Who was asked.
        service: Service,
        /// At which step it failed.
        fault: ConnectFault,
        /// What the network said.
        #[source]
        source: Arc<reqwest::Error>,
    },
    /// The connection broke, or the answer ended, before it was whole.
    #[error("the connection to {service} broke off before the whole answer had come; retry")]
    Interrupted {
        /// Who was asked.
        service: Service,
    },
    /// The answer is not the JSON it should be: a page of HTML, a proxy's login, another program.
    #[error(
        "{service} answered {status} with something else than google's json; check the endpoint and any proxy on the way"
    )]
    Unreadable {
        /// Who answered, or something in its place.
        service: Service,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is larger than the limit, which is in bytes.
    #[error("the answer of {service} is larger than {} MiB; remove what does not belong in the tab", .limit >> 20)]
    TooLarge {
        /// Who answered.
        service: Service,
        /// The largest body taken, in bytes.
        limit: usize,
    },
    /// 403: the request came without its token. It is always sent, so something on the way has taken it off.
    #[error(
        "google sheets got the request without its authorization header; let the proxy on the way pass it on, or set NO_PROXY"
    )]
    Unregistered,
    /// 400: the cells asked for lie outside of the tab's grid.
    #[error("the cells asked for lie outside of the tab; add rows or columns to it, and retry")]
    OutsideGrid,
    /// 400: what was to be written has more cells than the place it was meant for.
    #[error("what was to be written does not fit its place in the tab; nothing was written, report it")]
    TooWide,
    /// 400: a change that the rules of spreadsheets forbid.
    #[error("google refuses to change the spreadsheet in this way; nothing was changed, report it")]
    ChangeRefused,
    /// 400: the request has a field or a value that this version of the API does not know.
    #[error("google does not know a field or a value of the request; update this program, or report it")]
    BadRequest,
    /// Any other refusal: the request was wrong, so the fault is in this program or in what stands for Google.
    #[error(
        "{service} refused the request ({status}); check the endpoint, and report it if that is google's"
    )]
    Refused {
        /// Who answered.
        service: Service,
        /// The HTTP status.
        status: u16,
    },
}

/// Which server a failure came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The API that serves spreadsheets.
    Sheets,
    /// The endpoint that gives tokens for signed assertions and for logins.
    Token,
    /// The metadata server of the machine.
    Metadata,
    /// The endpoint that gives tokens for those of other identity providers (STS).
    Exchange,
    /// The API that gives tokens of service accounts to those who may act as them.
    Impersonation,
    /// The address at which a workload's own token is; not one of Google's servers.
    IdentityProvider,
}

impl Error {
    /// Whether the same call may work soon with nothing changed: quota, Google's own faults, the network.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::QuotaExceeded { .. }
            | Self::Server { .. }
            | Self::Timeout { .. }
            | Self::Connect { .. }
            | Self::Interrupted { .. } => true,
            Self::Endpoint
            | Self::SheetId
            | Self::Setup(_)
            | Self::NotShared { .. }
            | Self::NotEditor { .. }
            | Self::Protected { .. }
            | Self::Full
            | Self::TabExists
            | Self::ApiDisabled { .. }
            | Self::InsufficientScope
            | Self::ScopeOfMachine
            | Self::ScopeOfLogin
            | Self::QuotaProject
            | Self::NoDefaultCredentials
            | Self::SubjectToken(_)
            | Self::SheetNotFound
            | Self::TabMissing { .. }
            | Self::OfficeFile
            | Self::TokenRejected(_)
            | Self::Unauthorised
            | Self::Unreadable { .. }
            | Self::TooLarge { .. }
            | Self::Unregistered
            | Self::OutsideGrid
            | Self::TooWide
            | Self::ChangeRefused
            | Self::BadRequest
            | Self::Refused { .. } => false,
        }
    }

    /// How long Google asked to wait before the next try, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::QuotaExceeded { retry_after } | Self::Server { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sheets => "google sheets",
            Self::Token => "google's token endpoint",
            Self::Metadata => "the metadata server",
            Self::Exchange => "google's token exchange",
            Self::Impersonation => "google's iam credentials api",
            Self::IdentityProvider => "the identity provider",
        })
    }
}
