//! The place in a text where the readers stand.

use super::lexicon::Lexicons;
use super::said::Said;
use super::tokens::Token;

/// A word, and what stands around it.
#[derive(Clone, Copy)]
pub(super) struct Here<'a> {
    tokens: &'a [Token],
    at: usize,
    pub(super) lexicons: &'a Lexicons,
}

/// Says the word that stands here, and as many after it as belong to it, and tells how many those were. `None`, and
/// nothing said, if it is nothing that this reader knows.
pub(super) type Read = fn(Here<'_>, &mut Said) -> Option<usize>;

impl<'a> Here<'a> {
    pub(super) fn new(tokens: &'a [Token], at: usize, lexicons: &'a Lexicons) -> Self {
        Self { tokens, at, lexicons }
    }

    pub(super) fn token(&self) -> &'a Token {
        &self.tokens[self.at]
    }

    /// The word without the marks around it.
    pub(super) fn core(&self) -> &'a str {
        &self.token().core
    }

    /// The `count`th word after this one, if no pause comes before it.
    pub(super) fn after(&self, count: usize) -> Option<&'a Token> {
        let until = self.tokens.get(self.at..=self.at + count)?;
        let (last, before) = until.split_last()?;
        (before.iter().all(|token| token.pause.is_none()) && !last.opens).then_some(last)
    }

    /// The place one word on.
    pub(super) fn later(&self) -> Option<Self> {
        (self.at + 1 < self.tokens.len()).then(|| Self { at: self.at + 1, ..*self })
    }

    /// The `count`th word after this one, whatever comes before it.
    pub(super) fn beyond(&self, count: usize) -> Option<&'a Token> {
        self.tokens.get(self.at + count)
    }

    /// The word after this one as text; empty where there is none, or a pause comes before it.
    pub(super) fn next(&self) -> &'a str {
        self.after(1).map_or("", |token| &token.core)
    }

    /// The `count`th word before this one as text; empty where there is none, or a pause lies between.
    pub(super) fn before(&self, count: usize) -> &'a str {
        let Some(first) = self.at.checked_sub(count) else { return "" };
        let between = &self.tokens[first..self.at];
        if between.iter().any(|token| token.pause.is_some()) { "" } else { &between[0].core }
    }
}
