//! Calls Google: reads and writes the cells of a spreadsheet, as plain grids, and changes its tabs.
//!
//! It knows nothing of keys, headers or what a row means, and depends on none of our other crates. Every call
//! has a time limit, every answer a size limit, and every failure is an [`Error`] that says what to do about it.
//!
//! | step | file |
//! |---|---|
//! | who calls, one file for each kind of credentials | `credentials.rs` |
//! | what a service account signs to get a token | `assertion.rs` |
//! | a token as an endpoint issues it | `issued.rs` |
//! | what is wiped and never shown | `secret.rs` |
//! | the token: fetched once, kept, renewed early | `token.rs` |
//! | the calls that read | `spreadsheet.rs` |
//! | the calls that write | `writing.rs` |
//! | where in a spreadsheet, in A1 notation | `range.rs` |
//! | what comes back, as JSON | `wire.rs` |
//! | what a cell holds | `value.rs` |
//! | time limits, size limits, redirects, proxies | `transport.rs` |
//! | at which step a connection failed | `connect.rs` |
//! | from a refusal to an [`Error`] | `refusal.rs`, `grant_refusal.rs` |
//! | the failures and their words | `error.rs`, `token_rejection.rs` |

mod assertion;
mod connect;
mod credentials;
mod error;
mod grant_refusal;
mod issued;
mod range;
mod refusal;
mod secret;
mod spreadsheet;
mod token;
mod token_rejection;
mod transport;
mod value;
mod wire;
mod writing;

pub use connect::ConnectFault;
pub use credentials::{
    Credentials, CredentialsError, DefaultCredentials, DefaultCredentialsError, SubjectTokenFault,
};
pub use error::{Error, Service};
pub use range::{Range, column_name};
pub use spreadsheet::{DEFAULT_ENDPOINT, Properties, Spreadsheet, Tab};
pub use token_rejection::TokenRejection;
pub use transport::Clocks;
pub use value::Value;
pub use writing::Block;
