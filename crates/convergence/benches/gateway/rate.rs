//! Requests at a fixed rate, whether earlier ones have been answered or not. Latency is counted from the time at which a
//! request was due: a server that stops for a moment delays all that were due meanwhile, and they all count.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http::StatusCode;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use serde_json::json;
use tokio::io::unix::AsyncFd;
use tokio::sync::Semaphore;
use tokio::task::spawn_local;

use crate::client::{Connection, Target};
use crate::given::Given;
use crate::keys::{self, Row};

/// What the connections share.
struct Plan {
    rows: Vec<Row>,
    total: u32,
    interval: Duration,
    start: Cell<Instant>,
    /// A permit for each request that is due and not taken.
    due: Semaphore,
    taken: Cell<u32>,
    latencies: RefCell<Vec<Duration>>,
    statuses: RefCell<BTreeMap<StatusCode, u32>>,
}

pub(crate) async fn run(given: &Given) -> anyhow::Result<()> {
    let target = Target::new(given)?;
    let (rate, seconds): (u32, u32) = (given.number("rate")?, given.number("seconds")?);
    let connections = given.number_or("connections", 64)?;
    let plan = Rc::new(Plan {
        rows: keys::read(given.needed("keys")?)?,
        total: rate * seconds,
        interval: Duration::from_secs(1) / rate,
        start: Cell::new(Instant::now()),
        due: Semaphore::new(0),
        taken: Cell::new(0),
        latencies: RefCell::default(),
        statuses: RefCell::default(),
    });
    let mut tasks = Vec::new();
    for _ in 0..connections {
        tasks.push(spawn_local(take(target.connect().await?, Rc::clone(&plan))));
    }
    let late = tick(&plan).await?;
    // One more for each connection, to learn that it was the last.
    plan.due.add_permits(connections);
    for task in tasks {
        task.await??;
    }
    println!("{}", report(&plan, late));
    Ok(())
}

/// One connection: takes what is due, in the order in which it is due.
async fn take(mut connection: Connection, plan: Rc<Plan>) -> anyhow::Result<()> {
    loop {
        plan.due.acquire().await?.forget();
        let number = plan.taken.get();
        if number == plan.total {
            return Ok(());
        }
        plan.taken.set(number + 1);
        let row = &plan.rows[number as usize % plan.rows.len()];
        let status = connection.ask(row).await?.status();
        plan.latencies.borrow_mut().push(plan.due_at(number).elapsed());
        *plan.statuses.borrow_mut().entry(status).or_default() += 1;
    }
}

impl Plan {
    fn due_at(&self, number: u32) -> Instant {
        self.start.get() + self.interval * number
    }
}

/// Makes requests due, and says by how much this was late. The kernel's timer, since tokio's has ticks of a millisecond.
async fn tick(plan: &Plan) -> anyhow::Result<Vec<Duration>> {
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    #[expect(
        deprecated,
        reason = "its successor is unsafe, for descriptors that may close; this one is owned"
    )]
    let timer = AsyncFd::new(timer)?;
    let every = Timespec { tv_sec: 0, tv_nsec: plan.interval.as_nanos().try_into()? };
    // The first is due one interval after this.
    plan.start.set(Instant::now() + plan.interval);
    let turning = Itimerspec { it_interval: every, it_value: every };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &turning)?;
    let (mut late, mut ticked) = (Vec::new(), 0);
    while ticked < plan.total {
        let mut ready = timer.readable().await?;
        let mut expirations = [0; 8];
        if let Ok(read) = ready.try_io(|timer| Ok(rustix::io::read(timer, &mut expirations)?)) {
            read?;
            let new = u32::try_from(u64::from_ne_bytes(expirations))?.min(plan.total - ticked);
            late.push(plan.due_at(ticked).elapsed());
            plan.due.add_permits(new as usize);
            ticked += new;
        }
    }
    Ok(late)
}

fn report(plan: &Plan, mut late: Vec<Duration>) -> serde_json::Value {
    let mut latencies = plan.latencies.take();
    latencies.sort_unstable();
    late.sort_unstable();
    let statuses: BTreeMap<String, u32> =
        plan.statuses.take().iter().map(|(status, count)| (status.as_str().to_owned(), *count)).collect();
    json!({
        "requests": plan.total,
        "seconds": (plan.interval * plan.total).as_secs_f64(),
        "statuses": statuses,
        "p50_us": micros(&latencies, 500),
        "p99_us": micros(&latencies, 990),
        "p999_us": micros(&latencies, 999),
        "max_us": micros(&latencies, 1_000),
        "late_p99_us": micros(&late, 990),
    })
}

/// A quantile in thousandths of a sorted list, in microseconds.
fn micros(sorted: &[Duration], thousandths: usize) -> f64 {
    let place = (sorted.len() * thousandths).div_ceil(1_000).max(1) - 1;
    sorted.get(place).map_or(0.0, |latency| latency.as_secs_f64() * 1e6).round()
}
