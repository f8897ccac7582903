//! Why an account is given no token.

use std::fmt;

/// Why an endpoint refused the account, after the answers that people were sent (2016-2026).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRejection {
    /// The assertion's times are not believable.
    #[error("this machine's clock is {}; set the clock (ntp) and retry", Skew(*.skew_seconds))]
    ClockSkew {
        /// This clock minus Google's, by the `Date` header of the answer; positive means that this clock is
        /// ahead. `None` if there was no such header.
        skew_seconds: Option<i64>,
    },
    /// The key was deleted or rotated, or belongs to another account.
    #[error(
        "its key is not valid any more; create a new json key for the account and replace the credentials file"
    )]
    InvalidSignature,
    /// The account was deleted or disabled.
    #[error(
        "the account does not exist or is disabled; enable it, or create another and share the spreadsheet with that"
    )]
    AccountNotFound,
    /// The client that the account stands for was deleted in the console.
    #[error(
        "its client was deleted in the google cloud console; restore it, or create another account and share the spreadsheet with that"
    )]
    ClientDeleted,
    /// The person who owned the account's project is gone.
    #[error(
        "the account is disabled because its project's owner is; move to a service account of a live project"
    )]
    AccountDisabled,
    /// The account may not have these scopes.
    #[error("it may not use the spreadsheets scope; let an administrator allow it")]
    Unauthorised,
    /// The assertion was made for another token endpoint.
    #[error(
        "its credentials file names the wrong token_uri; it should be https://oauth2.googleapis.com/token"
    )]
    WrongAudience,
    /// The scope is not one that the endpoint knows.
    #[error(
        "the token endpoint does not know the spreadsheets scope; check the token_uri in the credentials file"
    )]
    UnknownScope,
    /// The login with gcloud has ended or was taken back.
    #[error("the login has ended; run gcloud auth application-default login again")]
    LoginEnded,
    /// The identity provider's token is not accepted.
    #[error(
        "the workload's own token is not accepted; check that it has not expired, and that its issuer and audience are those of the workload identity provider"
    )]
    SubjectRejected,
    /// The provider's attribute condition refuses the workload.
    #[error(
        "the workload identity provider's attribute condition does not let this workload in; change the condition or run where it holds"
    )]
    SubjectNotAllowed,
    /// No such pool or provider.
    #[error(
        "there is no such workload identity pool or provider, or it is disabled; check the audience in the credentials file"
    )]
    PoolUnknown,
    /// The caller may not act as the service account.
    #[error(
        "it may not act as the service account that the credentials file names; grant it the role service account token creator on that account (workload identity user for a federated workload), and check that the account exists"
    )]
    MayNotImpersonate,
    /// The API that gives tokens of a service account is switched off.
    #[error(
        "the iam service account credentials api is not enabled; enable it at https://console.cloud.google.com/apis/library/iamcredentials.googleapis.com and wait a few minutes"
    )]
    CredentialsApiDisabled,
    /// The machine has no service account.
    #[error("this machine has no service account; attach one to the vm or the service")]
    NoMachineAccount,
    /// Anything else, with the HTTP status.
    #[error(
        "the token endpoint answered {status} for a reason we do not know; check the account in the google cloud console and make its credentials anew"
    )]
    Other {
        /// The HTTP status.
        status: u16,
    },
}

/// Words for a skew. Below a minute the clock is not the cause that people think of, but it is what Google says.
struct Skew(Option<i64>);

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(seconds) if seconds >= 0 => write!(f, "{seconds} s ahead of google's"),
            Some(seconds) => write!(f, "{} s behind google's", seconds.unsigned_abs()),
            None => f.write_str("wrong"),
        }
    }
}
