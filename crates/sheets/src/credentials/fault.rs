//! What can be wrong with a credentials file, and what to do about it.

/// Why a file is not usable as credentials. No message repeats what stands in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The bytes are not a JSON object.
    #[error(
        "the credentials file is not json (line {line}, column {column}); \
         download the service account's key again, as json"
    )]
    NotJson {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault.
        column: usize,
    },
    /// The file is another kind of Google credentials, such as an OAuth client or a user's login.
    #[error(
        "the credentials file is not a service account's; in the google cloud console open iam & admin > \
         service accounts, add a key of type json, and use that file"
    )]
    NotServiceAccount,
    /// A kind of credentials that Google's libraries know and we do not.
    #[error(
        "the credentials file is of the type {0}, which is not supported; use a service account's key, a workload \
         identity file whose token comes from a file or a url, or gcloud auth application-default login"
    )]
    Unsupported(&'static str),
    /// `type` is missing or none that Google's libraries know.
    #[error(
        "the credentials file has no known type; it should be service_account, authorized_user, external_account or \
         impersonated_service_account"
    )]
    UnknownType,
    /// A member is missing, empty or not text.
    #[error("the credentials file has no {0}; download the service account's key again, as json")]
    Missing(&'static str),
    /// A member of a file that gcloud makes is missing or wrong.
    #[error("the {0} in the credentials file is missing or cannot be used; make the file again with gcloud")]
    Member(&'static str),
    /// A workload identity file without a service account behind it.
    #[error(
        "the workload identity file names no service account, and a spreadsheet can be shared with nothing else; \
         make the file again with --service-account"
    )]
    NoImpersonation,
    /// `private_key` is not an RSA key in PEM, or is damaged.
    #[error(
        "the private_key in the credentials file cannot be read; download the service account's key again and \
         do not edit it (its line breaks are written \\n)"
    )]
    PrivateKey,
    /// `token_uri` is not an address that a secret may be sent to.
    #[error(
        "the token_uri in the credentials file is not an https address; \
         it should be https://oauth2.googleapis.com/token"
    )]
    TokenUri,
    /// Another address in the file is not one that a secret may be sent to.
    #[error("the {0} in the credentials file is not an https address; make the file again with gcloud")]
    Address(&'static str),
    /// `GCE_METADATA_HOST` is not a host, nor a host and a port.
    #[error("GCE_METADATA_HOST is not a host, nor a host and a port; unset it")]
    MetadataHost,
}
