//! As much of protobuf's wire format as it takes to find a field and to write one.
//! (protobuf.dev, "Encoding": a varint has seven bits in each byte, the lowest first.)

use std::ops::Range;

use super::onnx::Fault;

/// The longest varint: 64 bits.
const LONGEST_VARINT: usize = 10;

/// The ways in which a value may be written.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const BYTES: u64 = 2;
const FOUR_BYTES: u64 = 5;

/// One field of a message.
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) value: Value,
    /// Where it stands, with its tag.
    pub(super) place: Range<usize>,
}

/// What a field holds.
pub(super) enum Value {
    /// A whole number, or the bits of a floating-point one.
    Number(u64),
    /// Where its bytes stand: text, or a message.
    Bytes(Range<usize>),
}

/// The fields of the message that stands in a range. After a fault there are no more.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    rest: Range<usize>,
}

impl<'a> Fields<'a> {
    /// `within` is a range of `bytes`.
    pub(super) fn new(bytes: &'a [u8], within: Range<usize>) -> Self {
        Self { bytes, rest: within }
    }

    fn field(&mut self) -> Option<Field> {
        let start = self.rest.start;
        let tag = self.varint()?;
        let value = match tag & 7 {
            VARINT => Value::Number(self.varint()?),
            EIGHT_BYTES => Value::Number(self.little_endian(8)?),
            FOUR_BYTES => Value::Number(self.little_endian(4)?),
            BYTES => {
                let length = self.varint()?;
                Value::Bytes(self.take(usize::try_from(length).ok()?)?)
            }
            _ => return None,
        };
        Some(Field { number: tag >> 3, value, place: start..self.rest.start })
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for index in 0..LONGEST_VARINT {
            let at = self.take(1)?.start;
            let byte = u64::from(self.bytes[at]);
            number |= (byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn little_endian(&mut self, length: usize) -> Option<u64> {
        let bytes = &self.bytes[self.take(length)?];
        Some(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    /// The next so many bytes, if there are as many.
    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let start = self.rest.start;
        if length > self.rest.len() {
            return None;
        }
        self.rest.start += length;
        Some(start..start + length)
    }
}

impl Iterator for Fields<'_> {
    type Item = Result<Field, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let start = self.rest.start;
        let field = self.field();
        if field.is_none() {
            self.rest.start = self.rest.end;
        }
        Some(field.ok_or(Fault::Malformed(start)))
    }
}

/// Writes a field that has bytes.
pub(super) fn bytes_field(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    varint(out, number << 3 | BYTES);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

/// Writes a field that is a whole number.
pub(super) fn number_field(out: &mut Vec<u8>, number: u64, value: u64) {
    varint(out, number << 3 | VARINT);
    varint(out, value);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}
