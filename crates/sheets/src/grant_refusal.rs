//! From a refusal to give a token to the [`Error`] that says what to do, for each way to ask for one.

use std::time::SystemTime;

use crate::error::Error;
use crate::refusal::{self, Complaint};
use crate::token_rejection::TokenRejection;
use crate::transport::Answer;

/// Of a refresh token (RFC 6749, section 5.2).
pub(crate) fn of_login(answer: &Answer, now: SystemTime) -> Error {
    let error = refusal::of_grant(answer, now, |said| match &*said.word {
        // Ended, revoked, or a renewed proof of who it is wanted by the domain, or its client is gone: one remedy.
        "invalid_grant" | "invalid_client" | "deleted_client" | "unauthorized_client" => {
            TokenRejection::LoginEnded
        }
        "invalid_scope" => TokenRejection::UnknownScope,
        _ => TokenRejection::Other { status: answer.status },
    });
    match error {
        Error::TokenRejected(TokenRejection::UnknownScope) => Error::ScopeOfLogin,
        error => error,
    }
}

/// Of the token exchange (RFC 8693, section 2.2.2).
pub(crate) fn of_exchange(answer: &Answer, now: SystemTime) -> Error {
    refusal::of_grant(answer, now, |said| match &*said.word {
        "invalid_grant" | "invalid_request" => TokenRejection::SubjectRejected,
        "unauthorized_client" => TokenRejection::SubjectNotAllowed,
        "invalid_target" => TokenRejection::PoolUnknown,
        _ => TokenRejection::Other { status: answer.status },
    })
}

/// Of the IAM Service Account Credentials API, which answers as all of Google's APIs do.
pub(crate) fn of_impersonation(answer: &Answer, now: SystemTime) -> Error {
    let said = Complaint::read(&answer.body);
    if answer.status == 403 && said.is_some_and(|said| said.gives(&["USER_PROJECT_DENIED"])) {
        return Error::QuotaProject;
    }
    refusal::of_grant(answer, now, |said| verdict_of_iam(said, answer.status))
}

fn verdict_of_iam(said: &Complaint, status: u16) -> TokenRejection {
    if said.gives(&["SERVICE_DISABLED", "accessNotConfigured"]) {
        return TokenRejection::CredentialsApiDisabled;
    }
    match status {
        // Google says the same for an account that is not there and one that may not be acted as.
        403 | 404 => TokenRejection::MayNotImpersonate,
        _ => TokenRejection::Other { status },
    }
}

/// Of a metadata server. Its refusals are text or HTML, so the status is all there is.
pub(crate) fn of_metadata(answer: &Answer, now: SystemTime) -> Error {
    refusal::of_status(answer, now).unwrap_or(Error::TokenRejected(match answer.status {
        404 => TokenRejection::NoMachineAccount,
        status => TokenRejection::Other { status },
    }))
}
