//! What the spreadsheet's script sends: a header that signs, and a body that says when the sheet was changed.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// `X-Convergence-Signature: t=<unix seconds>,v1=<64 hex digits>`, read and not yet believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Signature<'a> {
    /// The time as it was sent, which is what was signed.
    pub(crate) time: &'a str,
    /// The same as a number.
    pub(crate) at: i64,
    pub(crate) mac: [u8; 32],
}

/// The most digits of a time: enough for 30,000 years, and for any sum with it.
const MOST_DIGITS: usize = 12;

impl<'a> Signature<'a> {
    /// Reads a header's value: `t` and `v1` once each, in any order; parts of other names are of later versions.
    pub(crate) fn parse(header: &'a [u8]) -> Option<Self> {
        let (mut time, mut mac) = (None, None);
        for part in std::str::from_utf8(header).ok()?.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let twice = match name {
                "t" => time.replace(value).is_some(),
                "v1" => mac.replace(value).is_some(),
                _ => false,
            };
            if twice {
                return None;
            }
        }
        let time = time.filter(|time| (1..=MOST_DIGITS).contains(&time.len()))?;
        let digits = time.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self { time, at: digits.then(|| time.parse().ok())??, mac: from_hex(mac?)? })
    }
}

/// 64 hex digits of either case as 32 bytes.
fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes?.try_into().ok()
}

/// A change of the sheet, told by its script. Members that are not known are of later versions.
#[derive(Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "6fa459ea-ee8a-4ca4-894e-db77e160355e", "sent_at": 1_764_547_200_500_i64, "edited_at": 1_764_547_200_000_i64
})))]
pub(crate) struct Notice {
    /// The same in every repetition of one notice.
    #[schema(value_type = String, format = "uuid")]
    pub(crate) id: Uuid,
    /// Unix milliseconds.
    sent_at: i64,
    /// When the sheet was changed, in Unix milliseconds.
    edited_at: Option<i64>,
}

impl Notice {
    /// Reads a body, all of which must be JSON: reading only the members that count would pass over faults in the others.
    pub(crate) fn from_json(body: &[u8]) -> Option<Self> {
        let whole: serde_json::Value = serde_json::from_slice(body).ok()?;
        Self::deserialize(whole).ok()
    }

    /// When the sheet was changed, as far as is known, in Unix milliseconds.
    pub(crate) fn changed_at(&self) -> i64 {
        self.edited_at.unwrap_or(self.sent_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00FF";

    #[test]
    fn a_signature_is_a_time_and_64_hex_digits() {
        let read = |header: String| Signature::parse(header.as_bytes()).map(|read| (read.at, read.mac[1]));
        assert_eq!(read(format!("t=1764547200,v1={MAC}")), Some((1_764_547_200, 255)));
        assert_eq!(read(format!("v0=x, v1={MAC} ,t=7")), Some((7, 255)));
        let wrong = [
            String::new(),
            "t=1".into(),
            format!("v1={MAC}"),
            format!("t=,v1={MAC}"),
            format!("t=-1,v1={MAC}"),
            format!("t=+1,v1={MAC}"),
            format!("t=1000000000000,v1={MAC}"),
            format!("t=1,t=1,v1={MAC}"),
            format!("t=1,v1={MAC},v1={MAC}"),
            format!("t=1,v1={MAC}0"),
            format!("t=1,v1={}", &MAC[2..]),
            format!("t=1,v1={}", MAC.replace('0', "g")),
            format!("t=1,v1={MAC},"),
        ];
        for header in wrong {
            assert_eq!(read(header.clone()), None, "{header}");
        }
    }

    #[test]
    fn a_notice_has_an_id_and_a_time() {
        let id = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
        let read =
            |body: &str| Notice::from_json(body.replace("ID", id).as_bytes()).map(|read| read.changed_at());
        assert_eq!(read(r#"{"id":"ID","sent_at":2,"edited_at":1}"#), Some(1));
        assert_eq!(read(r#"{"id":"ID","sent_at":2,"edited_at":null,"more":0}"#), Some(2));
        assert_eq!(read(r#"{"id":"ID","sent_at":2}"#), Some(2));
        for body in ["", "[]", r#"{"id":"ID"}"#, r#"{"id":"7","sent_at":2}"#, r#"{"id":"ID","sent_at":"2"}"#]
        {
            assert_eq!(read(body), None, "{body}");
        }
    }

    #[test]
    fn a_fault_in_a_member_that_nobody_reads_is_a_fault() {
        let with = |more: &[u8]| {
            let notice: &[u8] = br#"{"id":"6fa459ea-ee8a-4ca4-894e-db77e160355e","sent_at":2,"more":"#;
            Notice::from_json(&[notice, more, b"}"].concat()).is_some()
        };
        assert!(with(b"\"\xc3\xa4\""));
        assert!(!with(b"\"\x95\""), "not UTF-8 (found by fuzzing)");
        assert!(!with(b"1e999"), "no number");
    }
}
