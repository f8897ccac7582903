//! Long text in pieces that a voice can take at once.

/// Cuts a text of one-byte characters into pieces of at most `limit` bytes, at least 1: at the end of a sentence, else
/// at a comma, else between words, and only a word longer than that is broken.
pub fn cut(text: &str, limit: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while rest.len() > limit {
        // One more than the limit, since the space after the piece does not count.
        let window = &rest[..=limit];
        let after = |mark: &str| window.rfind(mark).map(|at| at + mark.len());
        let cut = [". ", "? ", "! "].into_iter().filter_map(after).max();
        let cut = cut.or_else(|| [", ", "; ", ": "].into_iter().filter_map(after).max());
        let (piece, tail) = rest.split_at(cut.or_else(|| after(" ")).unwrap_or(limit));
        pieces.push(piece.trim_end());
        rest = tail.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}
