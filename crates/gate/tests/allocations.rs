//! A decision allocates nothing, whichever way it goes.

// `GlobalAlloc` is an unsafe trait, and counting what a thread allocates takes an allocator. Each method hands its
// arguments unchanged to `System`, whose contract is the same, and counts in a thread-local cell that needs neither
// an allocation nor a destructor; so whatever `System` promises for them holds here.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use gate::{Asked, Cause, FurtherLimits, Gate, KeyHash, Now, Record, Restrictions, Scopes};

/// The system's allocator, which counts what the current thread asks of it.
struct Counting;

thread_local! {
    /// How often this thread has allocated, or moved what it had.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

// SAFETY: see above; every method is `System`'s.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps `alloc`'s contract, which is the same here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: `place` came from `System` by one of the other methods, with this layout.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: `place` came from `System` by one of the other methods, with this layout.
        unsafe { System.realloc(place, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const DECISIONS: u64 = 100_000;

/// What the scopes that are asked for cost, once for all the decisions.
const ASKING: u64 = 2;

fn row(key: &str, client: &str, limit: Option<u32>) -> Record {
    Record {
        key: KeyHash::of(key.as_bytes()),
        client: client.into(),
        limit,
        further_limits: None,
        active: true,
        expires_at: None,
        revoked_at: None,
        restrictions: None,
        readable: true,
        row: 2,
    }
}

/// A key with a list of each kind, and these scopes.
fn restricted(key: &str, scopes: &[&str]) -> Record {
    let words = |words: &[&str]| Some(words.iter().map(|word| Box::from(*word)).collect());
    let restrictions = Restrictions {
        scopes: words(scopes),
        allowed_ips: Some(
            ["10.0.0.0/8", "127.0.0.1", "::1"].map(|text| text.parse().expect("a network")).into(),
        ),
        methods: words(&["GET", "POST"]),
        environments: words(&["production"]),
    };
    Record { restrictions: restrictions.shared(), ..row(key, "restricted", Some(100)) }
}

/// A key with a quota of the day and of the month, and a limit that is tried out.
fn further(key: &str, client: &str, day: u64) -> Record {
    let limits = FurtherLimits {
        day: Some(day),
        month: Some(1_000_000),
        shadow: Some(50),
        audio_day: Some(Duration::from_mins(1)),
    };
    Record { further_limits: limits.boxed(), ..row(key, client, Some(10_000)) }
}

/// One key for each way that a decision can go, and none for `unknown`.
fn gate() -> Gate {
    let gate = Gate::shut();
    let rows = vec![
        row("unlimited", "free", None),
        row("limited", "paying", Some(100)),
        row("large", "large", Some(20_000)),
        row("none", "none", Some(0)),
        Record { expires_at: Some(0), ..row("expired", "old", Some(5)) },
        Record { revoked_at: Some(0), ..row("revoked", "paying", Some(5)) },
        Record { active: false, ..row("inactive", "paying", None) },
        Record { readable: false, ..row("unreadable", "", None) },
        restricted("restricted", &["read", "write"]),
        restricted("bound", &["read"]),
        further("quota", "quota", 1_000_000),
        further("used-up", "used up", 5),
    ];
    gate.replace(rows, i64::MAX);
    gate
}

const HEADERS: [&[u8]; 16] = [
    b"Bearer unlimited",
    b"Bearer limited",
    b"ApiKey large",
    b"Bearer none",
    b"Bearer expired",
    b"Bearer revoked",
    b"Bearer inactive",
    b"Bearer unreadable",
    b"Bearer restricted",
    b"Bearer bound",
    b"Bearer quota",
    b"Bearer used-up",
    b"Bearer unknown",
    b"Bearer two words",
    b"Basic unlimited",
    b"",
];

/// As many decisions as `DECISIONS`, one every 10 ms: how many were admitted, and how many over the limit.
fn decide(gate: &Gate, start: Duration) -> (u64, u64) {
    let (mut admitted, mut over) = (0, 0);
    let scopes = ["read", "write"].map(Box::from);
    let asked = Asked {
        address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        method: "POST",
        scopes: Scopes::Needed(&scopes),
        environment: "production",
    };
    for (n, header) in (0..DECISIONS).zip(HEADERS.iter().cycle()) {
        let now = Now { unix: 1_800_000_000, uptime: start + Duration::from_millis(10 * n) };
        match gate.admit([*header], &asked, now).map_err(|refusal| refusal.cause()) {
            Ok(permit) => admitted += u64::from(permit.client() != ""),
            Err(Cause::OverLimit { .. } | Cause::QuotaExceeded { .. }) => over += 1,
            Err(_) => {}
        }
    }
    (admitted, over)
}

#[test]
fn a_decision_allocates_nothing() {
    let gate = gate();
    let before = ALLOCATIONS.get();
    // Windows grow while their first minute lasts; that is the warm-up, and shows that the counter counts.
    let warm_up = decide(&gate, Duration::ZERO);
    assert!(ALLOCATIONS.get() > before);
    let before = ALLOCATIONS.get() + ASKING;
    let (admitted, over) = decide(&gate, Duration::from_millis(10 * DECISIONS));
    assert_eq!(ALLOCATIONS.get() - before, 0);
    assert!(admitted > DECISIONS / 10 && over > DECISIONS / 16, "{admitted} {over}");
    assert!(warm_up.0 >= admitted);
}
