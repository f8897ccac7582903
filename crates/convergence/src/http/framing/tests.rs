//! The machine, by itself and beside hyper.

mod beside_hyper;
mod table;

use bytes::Bytes;

use super::{Fault, Machine, Piece};

/// More than any head here has.
const MOST: usize = 16_384;

/// What the machine says of some bytes that come in these pieces.
struct Told {
    /// How many bytes were used. Of a head none is, before it is whole.
    used: usize,
    /// The offsets at which requests end.
    ends: Vec<usize>,
    /// What is wrong in the end, and whether that is so of a request whose head was told.
    fault: Option<(Fault, bool)>,
}

fn told<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let (mut machine, mut held) = (Machine::new(MOST), Vec::new());
    let mut told = Told { used: 0, ends: Vec::new(), fault: None };
    let mut in_body = false;
    for piece in pieces {
        held.extend_from_slice(piece);
        loop {
            let used = match step(&mut machine, &mut in_body, &held) {
                Ok(Some(used)) => used,
                Ok(None) => break,
                Err(fault) => {
                    told.fault = Some((fault, in_body));
                    return told;
                }
            };
            held.drain(..used);
            told.used += used;
            if !in_body {
                told.ends.push(told.used);
            }
        }
    }
    told
}

/// How many of these bytes are used for the next head or piece of a body; `None` where more have to come.
fn step(machine: &mut Machine, in_body: &mut bool, held: &[u8]) -> Result<Option<usize>, Fault> {
    if !*in_body {
        if held.is_empty() {
            return Ok(None);
        }
        let Some(told) = machine.head(held)? else { return Ok(None) };
        let length = told.length();
        // What the machine finds good is good for the rest of the server.
        if !machine.has_ended() {
            *in_body = true;
        }
        let good = super::head(Bytes::copy_from_slice(&held[..length]), told);
        assert!(good.is_ok_and(|head| head.target.as_str().starts_with(['/', '*'])));
        return Ok(Some(length));
    }
    let (framing, piece) = machine.body(held)?;
    match piece {
        Piece::Data(length) => {
            *in_body = !machine.has_ended();
            Ok(Some(framing + length))
        }
        Piece::End => {
            machine.end();
            *in_body = false;
            Ok(Some(framing))
        }
        Piece::More => Ok((framing > 0).then_some(framing)),
    }
}
