//! Which method of the API a request is.

use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;

/// A method of the Sheets API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Create,
    BatchUpdate,
    CopyTo,
    ValuesGet,
    ValuesBatchGet,
    ValuesUpdate,
    ValuesAppend,
    ValuesClear,
    ValuesBatchUpdate,
    ValuesBatchClear,
}

/// A method with what its path says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) verb: Verb,
    /// Of the spreadsheet; empty for `Create`.
    pub(crate) id: String,
    /// The range, or for `CopyTo` the tab's id; else empty.
    pub(crate) target: String,
}

impl Call {
    /// Finds the call. Clients end a path with "/" or not, and encode `'`, `!` and `:` or not (seen in google's and
    /// other libraries); all arrive here alike.
    pub(crate) fn of(method: &Method, uri: &Uri) -> Option<Self> {
        let rest = uri.path().strip_prefix("/v4/spreadsheets")?;
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        if rest.is_empty() {
            let create = Self { verb: Verb::Create, id: String::new(), target: String::new() };
            return (method == Method::POST).then_some(create);
        }
        let (id, rest) = match rest.find(['/', ':']) {
            Some(end) if rest[end..].starts_with(':') => (&rest[..end], &rest[end..]),
            Some(end) => (&rest[..end], &rest[end + 1..]),
            None => (rest, ""),
        };
        let (verb, target) = verb(method, rest)?;
        let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(String::from);
        Some(Self { verb, id: decode(id)?, target: decode(target)? })
    }
}

/// The method by what follows the id, and the rest of the path that it speaks of.
fn verb<'a>(method: &Method, rest: &'a str) -> Option<(Verb, &'a str)> {
    let post = method == Method::POST;
    if let Some(range) = rest.strip_prefix("values/") {
        return match (range.strip_suffix(":append"), range.strip_suffix(":clear")) {
            (Some(range), _) if post => Some((Verb::ValuesAppend, range)),
            (_, Some(range)) if post => Some((Verb::ValuesClear, range)),
            _ if method == Method::GET => Some((Verb::ValuesGet, range)),
            _ if method == Method::PUT => Some((Verb::ValuesUpdate, range)),
            _ => None,
        };
    }
    let verb = match rest {
        "" if method == Method::GET => Verb::Get,
        "values:batchGet" if method == Method::GET => Verb::ValuesBatchGet,
        ":batchUpdate" if post => Verb::BatchUpdate,
        "values:batchUpdate" if post => Verb::ValuesBatchUpdate,
        "values:batchClear" if post => Verb::ValuesBatchClear,
        _ if post => {
            return Some((Verb::CopyTo, rest.strip_prefix("sheets/")?.strip_suffix(":copyTo")?));
        }
        _ => return None,
    };
    Some((verb, ""))
}

impl Verb {
    /// Whether values are asked for.
    pub(crate) fn reads_values(self) -> bool {
        matches!(self, Self::ValuesGet | Self::ValuesBatchGet)
    }

    pub(crate) fn writes(self) -> bool {
        !self.reads_values() && self != Self::Get
    }

    /// The name of the method in Google's error details.
    pub(crate) fn rpc(self) -> &'static str {
        match self {
            Self::Get => "GetSpreadsheet",
            Self::Create => "CreateSpreadsheet",
            Self::BatchUpdate => "BatchUpdateSpreadsheet",
            Self::CopyTo => "CopySheetTo",
            Self::ValuesGet => "GetValues",
            Self::ValuesBatchGet => "BatchGetValues",
            Self::ValuesUpdate => "UpdateValues",
            Self::ValuesAppend => "AppendValues",
            Self::ValuesClear => "ClearValues",
            Self::ValuesBatchUpdate => "BatchUpdateValues",
            Self::ValuesBatchClear => "BatchClearValues",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_one_call() {
        for (method, path, verb, target) in [
            (Method::GET, "/v4/spreadsheets/ID", Verb::Get, ""),
            (Method::GET, "/v4/spreadsheets/ID/", Verb::Get, ""),
            (Method::POST, "/v4/spreadsheets/ID:batchUpdate", Verb::BatchUpdate, ""),
            (Method::POST, "/v4/spreadsheets/ID/:batchUpdate", Verb::BatchUpdate, ""),
            (Method::GET, "/v4/spreadsheets/ID/values/%27a%20b%27%21A1%3AB2", Verb::ValuesGet, "'a b'!A1:B2"),
            (Method::PUT, "/v4/spreadsheets/ID/values/T!A1:B2", Verb::ValuesUpdate, "T!A1:B2"),
            (
                Method::POST,
                "/v4/spreadsheets/ID/values/%27T%27!A1:B2:append",
                Verb::ValuesAppend,
                "'T'!A1:B2",
            ),
            (Method::POST, "/v4/spreadsheets/ID/values/T:clear", Verb::ValuesClear, "T"),
            (Method::GET, "/v4/spreadsheets/ID/values:batchGet", Verb::ValuesBatchGet, ""),
            (Method::POST, "/v4/spreadsheets/ID/sheets/7:copyTo", Verb::CopyTo, "7"),
        ] {
            let uri = path.parse().unwrap();
            let expected = Call { verb, id: "ID".to_owned(), target: target.to_owned() };
            assert_eq!(Call::of(&method, &uri), Some(expected), "{path}");
        }
        assert_eq!(Call::of(&Method::DELETE, &"/v4/spreadsheets/ID".parse().unwrap()), None);
    }
}
