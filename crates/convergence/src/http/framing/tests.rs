//! The machine, by itself and beside hyper.

mod beside_hyper;
mod table;

use super::machine::{Machine, Seen, Then};

/// More than any head here has.
const MOST: usize = 16_384;

/// What the machine says of some bytes that come in these pieces: how many it lets pass, the offsets at which requests
/// end, and its last word.
struct Told {
    passed: usize,
    ends: Vec<usize>,
    last: Then,
}

fn told<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Told {
    let (mut machine, mut held) = (Machine::new(MOST), Vec::new());
    let mut told = Told { passed: 0, ends: Vec::new(), last: Then::More };
    for piece in pieces {
        held.extend_from_slice(piece);
        loop {
            let Seen { passed, then } = machine.look(&held);
            held.drain(..passed);
            told.passed += passed;
            if passed > 0 && machine.is_between() {
                told.ends.push(told.passed);
            }
            told.last = then;
            match told.last {
                Then::More => break,
                // No upgrade here: HTTP goes on.
                Then::Undecided => machine.go_on(),
                Then::Refused(_) | Then::BrokenOff(_) => return told,
            }
        }
    }
    told
}
