//! Where a header line stands in the bytes of a head, and the words of one that holds a list.

use std::ops::Range;

/// A field's name and its value, without the white space around it, as places in a head of less than 4 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    name: (u32, u32),
    value: (u32, u32),
}

/// Those of one head.
pub(crate) type Lines = Vec<Line>;

/// How many most heads have at the most.
pub(crate) const FEW: usize = 16;

impl Line {
    pub(crate) fn at(name: Range<usize>, value: Range<usize>) -> Self {
        Self { name: place(&name), value: place(&value) }
    }

    /// Of the head that it was found in.
    pub(crate) fn name<'a>(&self, head: &'a [u8]) -> &'a [u8] {
        &head[self.name.0 as usize..self.name.1 as usize]
    }

    /// Of the head that it was found in.
    pub(crate) fn value<'a>(&self, head: &'a [u8]) -> &'a [u8] {
        &head[self.value.0 as usize..self.value.1 as usize]
    }

    /// Where the value stands.
    pub(crate) fn value_at(&self) -> Range<usize> {
        self.value.0 as usize..self.value.1 as usize
    }
}

/// The members of a list (RFC 9110, 5.6.1), without the white space around them.
pub(crate) fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "no head is as long as that: both sides refuse them long before"
)]
fn place(range: &Range<usize>) -> (u32, u32) {
    (range.start as u32, range.end as u32)
}
