//! The raw requests with which gunicorn's authors test their parser, sent to the running server: what they refuse is
//! refused, and what they take is taken, but for those named here.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// One of their files.
pub struct Case {
    /// Its folder and its name, as in `valid/001`.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// The folder of these requests and of llhttp's, fetched on first use.
pub fn folder() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/setup.sh");
    let made = Command::new("sh").arg(script).output().expect("sh runs");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "the corpus cannot be fetched, ./test.sh installs what it takes: {said}");
    String::from_utf8(made.stdout).expect("a path").trim().into()
}

/// All of them.
pub fn cases() -> Vec<Case> {
    let folder = folder().join("gunicorn");
    let mut cases = Vec::new();
    for kind in ["valid", "invalid"] {
        for file in std::fs::read_dir(folder.join(kind)).expect("a folder of theirs") {
            let path = file.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "http") {
                let name = format!("{kind}/{}", path.file_stem().expect("a name").to_string_lossy());
                cases
                    .push(Case { name, bytes: with_host(unescaped(&std::fs::read(&path).expect("a file"))) });
            }
        }
    }
    // Its body is shorter than it says, so that it would be waited for.
    cases.retain(|case| case.name != "valid/099");
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(cases.len() > 100, "{}", cases.len());
    cases
}

/// Their notation: line ends of the file are none of the request's, which are written as words.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((&first, others)) = rest.split_first() {
        let (byte, length) = match (first, others) {
            (b'\n', _) => (None, 1),
            (b'\\', [b'r', ..]) => (Some(b'\r'), 2),
            (b'\\', [b'n', ..]) => (Some(b'\n'), 2),
            (b'\\', [b't', ..]) => (Some(b'\t'), 2),
            (b'\\', [b'0', ..]) => (Some(0), 2),
            (b'\\', [b'x', high, low, ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("two digits");
                (Some(u8::from_str_radix(digits, 16).expect("hexadecimal")), 4)
            }
            _ => (Some(first), 1),
        };
        bytes.extend(byte);
        rest = &rest[length..];
    }
    bytes
}

/// Most of theirs have no Host, which a parser for WSGI need not ask for: with one, what they are about can be seen.
pub fn with_host(bytes: Vec<u8>) -> Vec<u8> {
    let lower = bytes.to_ascii_lowercase();
    if lower.windows(6).any(|window| window == b"\nhost:") {
        return bytes;
    }
    let line_end = b" HTTP/1.1\r\n";
    let mut with = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        with.push(*byte);
        if bytes[..=at].ends_with(line_end) {
            with.extend_from_slice(b"Host: x\r\n");
        }
    }
    with
}

/// Valid for them, and refused here.
const STRICTER: [(&str, &str); 16] = [
    ("valid/014", "quotation marks in a target, which no URI has (RFC 3986)"),
    ("valid/024", "a head of 16,399 bytes: longer than MAX_HEADER_BYTES"),
    ("valid/025", "a coding beside chunked, which is not undone here and would not arrive"),
    ("valid/025_line", "the same in one line"),
    ("valid/028", "white space before a colon, with a switch to allow it (RFC 9112, 5.1 forbids)"),
    ("valid/029", "identity, a coding that was withdrawn, beside chunked"),
    ("valid/030", "the same"),
    ("valid/compat_obs_fold", "a folded line, with a switch to allow it"),
    ("valid/compat_obs_fold_huge", "the same"),
    ("valid/pp_01", "the PROXY protocol, which is not spoken here"),
    ("valid/pp_02", "the same"),
    ("valid/pp_04", "its second version"),
    ("valid/pp_05", "the same"),
    ("valid/rfc9112_smuggle_gzip_chunked_01", "a coding beside chunked"),
    ("valid/rfc9112_smuggle_te_identity_chunked_01", "the same"),
    (
        "valid/rfc9112_target_absolute_userinfo_01",
        "a password in a target: to be taken for an error (RFC 9110, 4.2.4)",
    ),
];

/// Invalid for them, and taken here.
const MORE_LENIENT: [(&str, &str); 13] = [
    ("invalid/003c", "a method that begins with a hyphen: a token (RFC 9110, 9.1)"),
    ("invalid/006", "longer than their limit, and not than ours"),
    ("invalid/007", "the same"),
    ("invalid/008", "the same"),
    ("invalid/010", "the same, of a limit set for the test"),
    ("invalid/011", "the same"),
    ("invalid/012", "the same"),
    ("invalid/017", "longer than their limit, and not than ours"),
    ("invalid/019", "X-Forwarded headers that contradict each other: they are replaced"),
    ("invalid/040", "Transfer_Encoding, refused by a switch: it is not passed on"),
    ("invalid/041", "two Content-Type headers: no question of framing, and the API's to answer"),
    ("invalid/chunked_07", "Transfer_Encoding, refused by a switch: it is not passed on"),
    ("invalid/limit_header_default_01", "longer than their limit, and not than ours"),
];

pub fn is_among(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(listed, _)| *listed == name)
}

#[tokio::test]
async fn what_others_take_is_taken_and_what_they_refuse_is_refused() {
    let upstream = Recorder::start().await;
    let server = passing_on(&upstream);
    let mut wrong = Vec::new();
    for Case { name, bytes } in cases() {
        let answers = exchange(connect(&server).await, &[&bytes, LAST].concat()).await;
        let statuses = statuses(&answers);
        let is_refused = statuses.iter().any(|status| matches!(status, 400 | 414 | 431));
        let should_be = if name.starts_with("valid/") {
            is_among(&STRICTER, &name)
        } else {
            !is_among(&MORE_LENIENT, &name)
        };
        let arrived = upstream.take();
        if is_refused != should_be || statuses.is_empty() {
            wrong.push(format!("{name}: {statuses:?} {:?}", answers.split("detail").nth(1)));
        }
        // Whatever was answered with 200 has arrived, and nothing else.
        let passed_on = statuses.iter().filter(|status| **status == 200).count();
        if arrived.len() != passed_on {
            wrong.push(format!("{name}: {statuses:?}, and {} arrived", arrived.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
