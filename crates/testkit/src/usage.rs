//! What a server has counted, as the command line tells it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The lines of `convergence usage --by ...` over all time, by a program at a path and for a `DATA_DIR`; none where nothing
/// was counted.
pub fn usage(program: &str, data_dir: &Path, by: &str) -> Vec<Value> {
    let mut command = Command::new(program);
    command.args(["usage", "--since", "2000-01-01", "--format", "json", "--by", by]);
    let output = command.env_clear().env("DATA_DIR", data_dir).output().expect("the program runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    if complaint.contains("nothing was used yet") {
        return Vec::new();
    }
    assert!(output.status.success(), "{complaint}");
    serde_json::from_slice(&output.stdout).expect("a JSON array")
}
