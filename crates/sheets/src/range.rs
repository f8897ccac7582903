//! How a tab is named in a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the characters that no part of a URL treats specially (RFC 3986, unreserved).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The whole tab as a path segment: the title in single quotes with `'` doubled, percent-encoded.
///
/// Quoted always, since an unquoted `D3` is a cell (recorded, gspread). Encoded always, since a title may hold
/// `/`, `?` or `#`.
pub(crate) fn whole_tab(title: &str) -> String {
    let quoted = format!("'{}'", title.replace('\'', "''"));
    utf8_percent_encode(&quoted, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_quoted_and_encoded() {
        assert_eq!(whole_tab("API_Keys"), "%27API_Keys%27");
        assert_eq!(whole_tab("Jon's tab"), "%27Jon%27%27s%20tab%27");
        assert_eq!(whole_tab("a/b?c#d"), "%27a%2Fb%3Fc%23d%27");
        assert_eq!(whole_tab("🔑"), "%27%F0%9F%94%91%27");
    }
}
