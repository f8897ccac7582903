//! The trace that a request belongs to (W3C Trace Context, level 1: `traceparent`).

use std::sync::atomic::{AtomicU64, Ordering};

use super::messages::hex;

/// `00-` and the two ids and the flags, with hyphens between.
pub(crate) const PARENT_LENGTH: usize = 55;

/// That of a request that is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    pub(super) id: [u8; 16],
    /// The span of whoever has asked.
    pub(super) parent: Option<[u8; 8]>,
    /// The request's own span.
    pub(super) span: [u8; 8],
    /// The span of the question to the upstream.
    pub(super) upstream: [u8; 8],
}

impl Trace {
    /// Whether it was begun elsewhere.
    pub(crate) fn is_continued(&self) -> bool {
        self.parent.is_some()
    }

    /// What the upstream is told.
    pub(crate) fn for_upstream(&self) -> [u8; PARENT_LENGTH] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-01";
        hex(&self.id, &mut text[3..35]);
        hex(&self.upstream, &mut text[36..52]);
        text
    }
}

/// Who is to be traced.
pub(super) struct Sampler {
    /// Of 2^64 new traces so many are recorded; `None` is all.
    share: Option<u64>,
    /// Random at the start; each number of it is one of the generator `splitmix64`.
    state: AtomicU64,
}

impl Sampler {
    /// Of the traces that begin here, this share, from 0 to 1.
    pub(super) fn new(share: f64) -> Self {
        let mut seed = [0; 8];
        // Without randomness another process may give the same ids; nothing depends on it.
        let _ = getrandom::fill(&mut seed);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to below 1, as it was read"
        )]
        let share = (share < 1.0).then_some((share * 18_446_744_073_709_551_616.0) as u64);
        Self { share, state: AtomicU64::new(u64::from_ne_bytes(seed)) }
    }

    /// The trace of a request with these values of `traceparent`. Whoever has begun it says whether it is recorded; where it
    /// begins here, a share is.
    pub(super) fn trace<'a>(&self, mut parents: impl Iterator<Item = &'a [u8]>) -> Option<Trace> {
        // Two are as good as none.
        let parent = parents.next().filter(|_| parents.next().is_none()).and_then(Parent::read);
        let (id, parent) = match parent {
            Some(Parent { is_sampled: false, .. }) => return None,
            Some(Parent { id, span, .. }) => (id, Some(span)),
            None => {
                let (high, low) = (self.next(), self.next());
                if self.share.is_some_and(|share| low >= share) {
                    return None;
                }
                let mut id = [0; 16];
                id[..8].copy_from_slice(&high.to_be_bytes());
                id[8..].copy_from_slice(&low.to_be_bytes());
                (id, None)
            }
        };
        Some(Trace { id, parent, span: self.span(), upstream: self.span() })
    }

    /// None is all zeros, which would be no id.
    fn span(&self) -> [u8; 8] {
        self.next().max(1).to_be_bytes()
    }

    /// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), figure 13.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut number = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}

/// A `traceparent`, read.
struct Parent {
    id: [u8; 16],
    span: [u8; 8],
    is_sampled: bool,
}

impl Parent {
    fn read(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let (head, rest) = value.split_at_checked(PARENT_LENGTH)?;
        let [version] = unhex(&head[..2])?;
        // A later version may say more, behind another hyphen.
        let fits = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest[0] == b'-',
        };
        let hyphens = [2, 35, 52].iter().all(|place| head[*place] == b'-');
        let (id, span, [flags]) = (unhex(&head[3..35])?, unhex(&head[36..52])?, unhex(&head[53..])?);
        let is_one = fits && hyphens && id != [0; 16] && span != [0; 8];
        is_one.then_some(Self { id, span, is_sampled: flags & 1 == 1 })
    }
}

/// Lower-case hex digits only, as the specification has it.
fn unhex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(text.as_chunks().0) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn trace(parents: &[&str]) -> Option<Trace> {
        Sampler::new(1.0).trace(parents.iter().map(|parent| parent.as_bytes()))
    }

    #[test]
    fn a_trace_is_continued_as_its_parent_says() {
        let continued = trace(&[PARENT]).expect("it is recorded");
        let upstream = String::from_utf8(continued.for_upstream().to_vec()).expect("ASCII");
        assert_eq!((&upstream[..36], &upstream[52..]), (&PARENT[..36], "-01"));
        assert!(continued.is_continued() && upstream[36..52] != PARENT[36..52]);
        assert_eq!(trace(&[&PARENT.replace("-01", "-00")]), None, "whoever has begun it does not record it");
        let later = format!("{}-more", PARENT.replacen("00", "cc", 1));
        assert!(trace(&[&later]).is_some_and(|trace| trace.is_continued()), "a later version");
    }

    #[test]
    fn what_is_no_parent_begins_a_trace() {
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            &PARENT.to_uppercase(),
            &format!("{PARENT}-more"),
            &PARENT.replacen("00", "ff", 1),
            &PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &PARENT.replace('-', "_"),
        ] {
            assert!(trace(&[wrong]).is_some_and(|trace| !trace.is_continued()), "{wrong}");
        }
        assert!(trace(&[PARENT, PARENT]).is_some_and(|trace| !trace.is_continued()));
    }

    #[test]
    fn a_share_of_new_traces_is_recorded_and_no_two_are_one() {
        let recorded = |share: f64| {
            let sampler = Sampler::new(share);
            let traces: Vec<Trace> = (0..2_000).filter_map(|_| sampler.trace(std::iter::empty())).collect();
            let mut ids: Vec<_> = traces.iter().map(|trace| trace.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), traces.len());
            traces.len()
        };
        assert_eq!((recorded(1.0), recorded(0.0)), (2_000, 0));
        // Nine standard deviations to each side.
        assert!((300..700).contains(&recorded(0.25)));
    }
}
