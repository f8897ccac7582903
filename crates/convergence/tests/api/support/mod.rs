//! What the tests share: a server of their own, a clock they move, and answers they can read.

pub mod accident;
mod answer;
pub mod api;
pub mod authority;
mod clock;
pub mod frames;
pub mod provider;
mod server;
pub mod sheet;
mod wire;

pub use answer::Answer;
pub use clock::TestClock;
pub use server::TestServer;
pub use wire::{Upstream, Wire};

use std::time::Duration;

/// One cache duration, and a little more.
pub const CACHE: Duration = Duration::from_secs(301);

/// The key of the guide's example row.
pub const KEY: &str = "sk-convergence-abc123xyz";

/// The guide's columns.
pub const HEADER: &str = "api_key,client_name,created_at,expires_at,is_active,rate_limit";

/// A keys file with the guide's header and these lines.
pub fn csv(lines: &[&str]) -> String {
    [&[HEADER], lines].concat().join("\n") + "\n"
}

/// The guide's example row, unexpired on the test clock.
pub const EXAMPLE: &str = "sk-convergence-abc123xyz,MyApp Production,2025-07-06 10:00:00,,TRUE,60";
