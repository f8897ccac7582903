//! Keys as the product makes them, and the headers that carry them.

use gate::{KeyHash, Record};

/// `sk-convergence-` and a UUID, as far as its length matters.
pub(crate) fn key(n: usize) -> String {
    format!("sk-convergence-00000000-0000-4000-8000-{n:012x}")
}

/// `keys` rows, dealt out in turn to `clients` clients.
pub(crate) fn records(keys: usize, clients: usize, limit: u32) -> Vec<Record> {
    let record = |n: usize| Record {
        key: KeyHash::of(key(n).as_bytes()),
        client: format!("client-{:07}", n % clients).into(),
        limit: Some(limit),
        further_limits: None,
        active: true,
        expires_at: None,
        revoked_at: None,
        restrictions: None,
        readable: true,
        row: u32::try_from(n + 2).unwrap_or(u32::MAX),
    };
    (0..keys).map(record).collect()
}

/// Header values in the order in which they are sent, side by side: a real one has just been read from the network.
pub(crate) struct Headers {
    bytes: Vec<u8>,
    length: usize,
}

impl Headers {
    /// Every key once, shuffled.
    pub(crate) fn of_all(keys: usize, seed: u64) -> Self {
        Self::of(shuffled(keys, seed))
    }

    /// One key over and over.
    pub(crate) fn of_one(n: usize) -> Self {
        Self::of(vec![n; 1_000])
    }

    fn of(order: Vec<usize>) -> Self {
        let length = "Bearer ".len() + key(0).len();
        let bytes = order.into_iter().flat_map(|n| format!("Bearer {}", key(n)).into_bytes()).collect();
        Self { bytes, length }
    }

    /// How many there are before they start again.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / self.length
    }

    /// For ever, from the start again after the last.
    pub(crate) fn cycle(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.length).cycle()
    }
}

/// Fisher and Yates's shuffle, by the generator that Knuth gives for 64 bits (MMIX).
fn shuffled(keys: usize, mut state: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys).collect();
    for last in (1..keys).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bound = last as u64 + 1;
        let pick = usize::try_from((state >> 32) % bound).expect("below the number of keys");
        order.swap(last, pick);
    }
    order
}
