//! What is asked of the operating system beyond what libraries do.

use rustix::process::{Resource, getrlimit, setpriority_process, setrlimit};
use rustix::system::uname;
use tracing::warn;

/// Files that are open beside connections: logs, recordings, voices, the runtimes' own.
const OTHER_FILES: u64 = 256;

/// How much more willing than others the background thread is to wait for a core, in steps of nice(2).
const BACKGROUND_NICENESS: i32 = 10;

/// Raises the soft limit of open files so that `MAX_CONNECTIONS` can be kept, as far as the hard one allows. Without it
/// the usual soft limit of 1,024 would end a server's patience long before its setting does.
pub(crate) fn make_room_for_connections(max_connections: usize) {
    let wanted = max_connections as u64 + OTHER_FILES;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return;
    }
    let possible = limit.maximum.map_or(wanted, |hard| hard.min(wanted));
    limit.current = Some(possible);
    if setrlimit(Resource::Nofile, limit).is_err() || possible < wanted {
        warn!(
            "MAX_CONNECTIONS is {max_connections}, but this process may open {possible} files (see ulimit -Hn)"
        );
    }
}

/// Lets requests go first: reading 100,000 rows takes a core for a good part of a second. On Linux a priority is a
/// thread's own, whatever its name says (setpriority(2)), and the threads that this one starts inherit it.
pub(crate) fn let_requests_go_first() {
    // Being as important as the requests is no fault worth a word.
    let _ = setpriority_process(None, BACKGROUND_NICENESS);
}

/// The host's name: in a container, its id unless somebody has named it.
pub(crate) fn host_name() -> String {
    let name = uname().nodename().to_string_lossy().trim().to_owned();
    if name.is_empty() { "localhost".to_owned() } else { name }
}
