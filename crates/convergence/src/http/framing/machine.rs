//! Where each request of a connection begins and ends, told from the bytes alone, and how far they may be handed on. Pure:
//! no I/O, no HTTP types. A head is handed on whole, once it is found good, and never before.

use memchr::memchr2;

use super::chunks::Chunks;
use super::fault::Fault;
use super::head::{self, Head, has_control};

/// One connection, from its first byte.
#[derive(Debug)]
pub(super) struct Machine {
    state: State,
    /// The length of the unfinished head that has been looked at already.
    scanned: usize,
    /// Something else than HTTP may follow the present request.
    upgrading: bool,
    /// A head longer than this is somebody else's to refuse.
    most: usize,
}

#[derive(Debug)]
enum State {
    Head,
    /// A body, this many bytes of which are still to come.
    Length(u64),
    Chunked(Chunks),
    /// Behind a request for an upgrade.
    Undecided,
    /// Behind a head that is too long.
    Unchecked,
}

/// What came of a look at some bytes.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Seen {
    /// How many of them may be handed on.
    pub(super) passed: usize,
    pub(super) then: Then,
}

/// What is with those behind them.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Then {
    /// None, or the beginning of a head: they are to be shown once more, with what follows them.
    More,
    /// Whether they are HTTP is decided by the answer to the request before them: see [`Machine::go_on`].
    Undecided,
    /// A request, none of which has been handed on, is refused.
    Refused(Fault),
    /// A request, of which some has been handed on, is broken off.
    BrokenOff(Fault),
}

impl Machine {
    /// Heads have at most `most` bytes; whoever reads them behind this has to refuse longer ones.
    pub(super) fn new(most: usize) -> Self {
        Self { state: State::Head, scanned: 0, upgrading: false, most }
    }

    /// Whether an answer has to say what the next bytes are.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self.state, State::Undecided)
    }

    /// Whether the last request has ended and nothing of the next one has come.
    #[cfg(test)]
    pub(super) fn is_between(&self) -> bool {
        matches!(self.state, State::Head | State::Undecided) && self.scanned == 0
    }

    /// The connection goes on with HTTP.
    pub(super) fn go_on(&mut self) {
        self.state = State::Head;
    }

    /// Looks at all bytes that have come and were not handed on yet. After a fault there is nothing to be looked at.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Seen {
        let (mut passed, mut begun) = (0, None);
        loop {
            let rest = &bytes[passed..];
            match &mut self.state {
                State::Head if rest.is_empty() => return Seen { passed, then: Then::More },
                State::Head => match self.head(rest) {
                    Ok(Some(head)) => {
                        begun = Some(passed);
                        passed += head.length;
                        self.enter(&head);
                    }
                    Ok(None) if rest.len() > self.most => self.state = State::Unchecked,
                    Ok(None) => return Seen { passed, then: Then::More },
                    Err(fault) => return Seen { passed, then: Then::Refused(fault) },
                },
                State::Length(left) => {
                    let here = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    passed += here;
                    *left -= here as u64;
                    if *left > 0 {
                        return Seen { passed, then: Then::More };
                    }
                    self.end();
                }
                State::Chunked(chunks) => match chunks.read(rest) {
                    Ok((here, over)) => {
                        passed += here;
                        if !over {
                            return Seen { passed, then: Then::More };
                        }
                        self.end();
                    }
                    Err((here, fault)) => {
                        return match begun {
                            Some(start) => Seen { passed: start, then: Then::Refused(fault) },
                            None => Seen { passed: passed + here, then: Then::BrokenOff(fault) },
                        };
                    }
                },
                State::Undecided => return Seen { passed, then: Then::Undecided },
                State::Unchecked => return Seen { passed: bytes.len(), then: Then::More },
            }
        }
    }

    /// Reads a head that may have been looked at before. It is read as a whole, and so only where another line of it has
    /// come, or it is given up.
    fn head(&mut self, rest: &[u8]) -> Result<Option<Head>, Fault> {
        // With the byte before: it may be a CR.
        let new = &rest[self.scanned.saturating_sub(1)..];
        if self.scanned > 0 && rest.len() <= self.most && memchr2(b'\r', b'\n', new).is_none() {
            self.scanned = rest.len();
            return if has_control(new) { Err(Fault::Control) } else { Ok(None) };
        }
        let head = head::read(rest)?;
        self.scanned = if head.is_some() { 0 } else { rest.len() };
        Ok(head)
    }

    fn enter(&mut self, head: &Head) {
        self.upgrading = head.may_upgrade;
        self.state = head.body.map_or_else(|| State::Chunked(Chunks::new()), State::Length);
    }

    fn end(&mut self) {
        self.state = if self.upgrading { State::Undecided } else { State::Head };
    }
}
