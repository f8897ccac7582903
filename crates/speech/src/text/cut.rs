//! Long text in pieces that a voice can take at once.

use super::said::PAUSES;
use super::{Piece, Spoken};

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

impl Spoken {
    /// The same in several parts of at most `limit` bytes, at least 1, and a pause: of whole sentences, but for sentences that
    /// are longer. Several voices can speak them at once. What was left out is not said any more.
    pub fn parts(self, limit: usize) -> Vec<Spoken> {
        let (mut parts, mut part) = (Vec::new(), Vec::<Piece>::new());
        let mut end = |pieces| parts.push(Spoken { pieces, left_out: 0 });
        for piece in self.pieces.into_iter().flat_map(|piece| sentences(piece, limit)) {
            // A pause belongs to what is before it.
            while !part.is_empty() && !begins_with_pause(&piece) && length(&part) + piece.text().len() > limit
            {
                let last = part.iter().rposition(ends_sentence).map_or(part.len(), |last| last + 1);
                let rest = part.split_off(last);
                end(std::mem::replace(&mut part, rest));
            }
            part.push(piece);
        }
        if !part.is_empty() {
            end(part);
        }
        parts
    }
}

/// Pieces that have no sentence's end in their middle, and are no longer than `limit`. A pause that a piece begins with stands alone.
fn sentences(piece: Piece, limit: usize) -> Vec<Piece> {
    let Piece::Words(text) = &piece else { return vec![piece] };
    let (pause, text) = text.split_at(usize::from(begins_with_pause(&piece)));
    let sentences = text.split_inclusive(['.', '?', '!']).flat_map(|sentence| cut(sentence, limit));
    let pieces = [pause].into_iter().filter(|pause| !pause.is_empty()).chain(sentences);
    pieces.map(|text| Piece::Words(text.to_owned())).collect()
}

/// In bytes, with a space before each piece.
fn length(part: &[Piece]) -> usize {
    part.iter().map(|piece| piece.text().len() + 1).sum()
}

fn begins_with_pause(piece: &Piece) -> bool {
    piece.text().starts_with(|mark| PAUSES.contains(mark))
}

fn ends_sentence(piece: &Piece) -> bool {
    piece.text().ends_with(['.', '?', '!'])
}
