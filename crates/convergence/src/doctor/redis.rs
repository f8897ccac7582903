//! Redis, where limits are shared: connected to and asked as a server does, without being counted as one.

use std::path::Path;
use std::sync::Arc;

use super::Report;
use super::report::Check;
use crate::clock::SystemClock;
use crate::config::Redis;
use crate::fleet::{Fleet, Trouble};
use crate::metrics::Metrics;

pub(super) async fn examine(report: &mut Report, redis: Redis, data_dir: &Path) {
    let (fallback, clock) = (redis.fallback.word(), Arc::new(SystemClock::start()));
    let fleet = match Fleet::new(redis, data_dir, clock, &Metrics::default()) {
        Ok(fleet) => fleet,
        Err(fault) => return report.fail(Check::Redis, fault.to_string()),
    };
    match fleet.look().await {
        Ok(kind) => report.ok(Check::Redis, format!("it answers in time, and is {kind}")),
        Err(trouble @ Trouble::Settings { .. }) => report.fail(Check::Redis, trouble.to_string()),
        Err(Trouble::Away(why)) => {
            let what =
                format!("{why}; until it can be asked, servers do what REDIS_FALLBACK={fallback} says");
            report.fail(Check::Redis, what);
        }
    }
}
