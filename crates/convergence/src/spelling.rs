//! The right word for one that is misspelt.

/// One edit in so many letters is a slip; with more it is another word.
const LETTERS_FOR_AN_EDIT: usize = 4;

/// The word that was most likely meant, where one is near enough. Case does not matter, and neither does what stands before
/// a `_`: `RATE_LIMT` is near `DEFAULT_RATE_LIMIT`.
pub(crate) fn nearest<'a>(word: &str, right: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.trim().to_lowercase();
    let distance = |right: &str| {
        let right = right.to_lowercase();
        let ends = right.match_indices('_').map(|(at, _)| &right[at + 1..]);
        std::iter::once(&*right).chain(ends).map(|end| strsim::osa_distance(&word, end)).min()
    };
    let near = right.into_iter().filter_map(|right| Some((distance(right)?, right)));
    let (distance, right) = near.min_by_key(|(distance, _)| *distance)?;
    (distance * LETTERS_FOR_AN_EDIT <= word.chars().count()).then_some(right)
}

/// `; did you mean X?`, or nothing.
pub(crate) fn did_you_mean<'a>(word: &str, right: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, right).map_or_else(String::new, |right| format!("; did you mean {right}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        let settings = ["AUTH_ENABLED", "DEFAULT_RATE_LIMIT", "KEYS_FILE", "LOG_LEVEL"];
        let nearest = |word| nearest(word, settings);
        assert_eq!(nearest("RATE_LIMT"), Some("DEFAULT_RATE_LIMIT"));
        assert_eq!(nearest("AUTH_ENALBED"), Some("AUTH_ENABLED"));
        assert_eq!(nearest("keys-file"), Some("KEYS_FILE"));
        assert_eq!(nearest("LOGLEVEL"), Some("LOG_LEVEL"));
        for other in ["DATABASE_URL", "", "X", "KEY"] {
            assert_eq!(nearest(other), None, "{other}");
        }
        assert_eq!(did_you_mean("Acme", ["Acne Ltd", "Acme "]), "; did you mean Acme ?");
        assert_eq!(did_you_mean("Acme", ["Other"]), "");
    }
}
