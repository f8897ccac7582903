//! A request that Google would refuse with 400.

use axum::response::Response;

use super::errors;

/// Why a request is refused, in Google's words.
#[derive(Debug)]
pub(crate) struct Bad {
    message: String,
    /// The path of the field that is wrong, where Google adds `fieldViolations`.
    field: Option<String>,
}

impl Bad {
    /// A field of the body that does not fit its type.
    pub(crate) fn field(field: &str, message: String) -> Self {
        Self { message, field: Some(field.to_owned()) }
    }

    /// A word that its enum does not have.
    pub(crate) fn word(field: &str, proto_type: &str, found: &str) -> Self {
        let kind = format!("type.googleapis.com/google.apps.sheets.v4.{proto_type}");
        Self::from(format!("Invalid value at '{field}' ({kind}), \"{found}\""))
    }

    /// The same within a part of a batch: `Invalid data[0]: ...`.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.message = format!("Invalid {part}: {}", self.message);
        self
    }

    pub(crate) fn response(&self) -> Response {
        match &self.field {
            Some(field) => errors::violation(field, &self.message, &self.message),
            None => errors::bad_request(&self.message),
        }
    }
}

impl From<String> for Bad {
    fn from(message: String) -> Self {
        Self { message, field: None }
    }
}
