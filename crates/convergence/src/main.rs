//! The `convergence` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    convergence::cli::run()
}
