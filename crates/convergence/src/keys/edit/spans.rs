//! Where each field of a CSV file stands, so that one can be replaced and every other byte stays.
//!
//! The `csv` crate, which reads the keys, does not tell. Whoever edits by these spans reads the result with it again.

use std::ops::Range;

/// The bytes of each field of each record, quotes included, without separators and line ends. As the `csv` crate reads
/// by default: a quote opens a quoted field only as its first byte, CR, LF and CRLF all end a record, and empty
/// lines are none.
pub(super) fn of(bytes: &[u8], delimiter: u8) -> Vec<Vec<Range<usize>>> {
    let mut records = Vec::new();
    let mut at = if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    while at < bytes.len() {
        if is_line_end(bytes[at]) {
            at += 1;
            continue;
        }
        let mut record = Vec::new();
        loop {
            let end = end_of_field(bytes, at, delimiter);
            record.push(at..end);
            at = end + 1;
            if bytes.get(end) != Some(&delimiter) {
                break;
            }
        }
        records.push(record);
    }
    records
}

/// The index of what ends the field that begins at `at`, or the length.
fn end_of_field(bytes: &[u8], mut at: usize, delimiter: u8) -> usize {
    let mut quoted = bytes.get(at) == Some(&b'"');
    at += usize::from(quoted);
    while let Some(&byte) = bytes.get(at) {
        if quoted {
            // A doubled quote closes and opens again, which comes to the same.
            quoted = byte != b'"' || bytes.get(at + 1) == Some(&b'"');
            at += usize::from(byte == b'"' && quoted);
        } else if byte == delimiter || is_line_end(byte) {
            return at;
        }
        at += 1;
    }
    at
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// A field's text as it is written: in quotes only where it needs them.
pub(super) fn field(text: &str, delimiter: u8) -> String {
    let special = |byte: u8| byte == delimiter || byte == b'"' || is_line_end(byte);
    if text.bytes().any(special) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// How the file ends its lines: as it ends the first.
pub(super) fn line_end(bytes: &[u8]) -> &'static str {
    match bytes.iter().position(|byte| is_line_end(*byte)) {
        Some(at) if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') => "\r\n",
        Some(at) if bytes[at] == b'\r' => "\r",
        _ => "\n",
    }
}
