//! Step 1: the key that a client presents (P07).

/// The one key of a request, borrowed from its header. Holds a secret, so it derives nothing that could print it.
pub(crate) struct PresentedKey<'a>(&'a [u8]);

impl PresentedKey<'_> {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0
    }
}

/// Why no key could be read from a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderProblem {
    /// There is no `Authorization` header.
    Missing,
    /// There are two or more; which one counts would be a guess.
    Repeated,
    /// The scheme is neither `Bearer` nor `ApiKey`.
    WrongScheme,
    /// The scheme is there and no key follows.
    NoKey,
    /// What follows the scheme is not one word of visible ASCII.
    NotText,
}

/// Reads `Bearer KEY` or `ApiKey KEY`, the scheme in any case, one or more spaces between, none inside the key
/// (RFC 9110, 11.6.2: `credentials = auth-scheme 1*SP token68`; a key here may hold any visible ASCII).
pub(crate) fn present<'a, I>(authorization: I) -> Result<PresentedKey<'a>, HeaderProblem>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    let mut values = authorization.into_iter();
    let value = values.next().ok_or(HeaderProblem::Missing)?.trim_ascii();
    if values.next().is_some() {
        return Err(HeaderProblem::Repeated);
    }
    let scheme_ends = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    let (scheme, rest) = value.split_at(scheme_ends);
    if !scheme.eq_ignore_ascii_case(b"bearer") && !scheme.eq_ignore_ascii_case(b"apikey") {
        return Err(HeaderProblem::WrongScheme);
    }
    let key = rest.trim_ascii_start();
    // Most keys are words, which is found out for many bytes at a time.
    let is_word = key.iter().fold(true, |is_word, byte| is_word & byte.is_ascii_graphic());
    match key {
        [] => Err(HeaderProblem::NoKey),
        key if is_word => Ok(PresentedKey(key)),
        _ => Err(HeaderProblem::NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(values: &[&str]) -> Result<String, HeaderProblem> {
        present(values.iter().map(|value| value.as_bytes()))
            .map(|key| String::from_utf8(key.bytes().to_vec()).expect("visible ASCII"))
    }

    #[test]
    fn p07_both_schemes_in_any_case_carry_a_key() {
        for value in ["Bearer k-1", "bearer k-1", "BEARER   k-1", "ApiKey k-1", "apikey k-1", " aPiKeY\tk-1 "]
        {
            assert_eq!(key_of(&[value]), Ok("k-1".to_owned()), "{value:?}");
        }
    }

    #[test]
    fn p07_anything_else_carries_none() {
        use HeaderProblem::{Missing, NoKey, NotText, Repeated, WrongScheme};
        assert_eq!(key_of(&[]), Err(Missing));
        assert_eq!(key_of(&["Bearer a", "Bearer a"]), Err(Repeated));
        for value in ["", "k-1", "Basic k-1", "Bearerk-1", "Bearer: k-1"] {
            assert_eq!(key_of(&[value]), Err(WrongScheme), "{value:?}");
        }
        for value in ["Bearer", "ApiKey  "] {
            assert_eq!(key_of(&[value]), Err(NoKey), "{value:?}");
        }
        for value in ["Bearer a b", "Bearer caf\u{e9}", "Bearer a\u{1}"] {
            assert_eq!(key_of(&[value]), Err(NotText), "{value:?}");
        }
    }
}
