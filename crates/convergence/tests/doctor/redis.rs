//! Redis, where limits are shared.

use tempfile::TempDir;
use testkit::Redis;

use crate::support::{Findings, doctor};

fn examine(settings: &[(&str, &str)]) -> Findings {
    let folder = TempDir::new().expect("a temporary folder");
    let keys = "api_key,client_name,is_active\nsk-convergence-abc123xyz,MyApp Production,TRUE\n";
    std::fs::write(folder.path().join("keys.csv"), keys).expect("a keys file");
    let guarded = [("AUTH_ENABLED", "true"), ("KEYS_FILE", "keys.csv"), ("API_PORT", "0")];
    doctor(folder.path(), &[&guarded, settings].concat())
}

#[test]
fn a_redis_that_decides_is_told_and_left_as_it_was() {
    let redis = Redis::start();
    let findings = examine(&[("REDIS_URL", &redis.url()), ("REDIS_TIMEOUT_MS", "10000")]);
    assert_eq!(findings.one("redis"), "ok: it answers in time, and is one server");
    assert_eq!(findings.code, Some(0), "{:#?}", findings.lines);
    assert_eq!(redis.command(&["DBSIZE"]), "0");
    assert!(examine(&[]).of("redis").is_empty());
}

#[test]
fn what_keeps_redis_from_deciding_is_said() {
    let redis = Redis::start_with(&["--requirepass", "right"]);
    let url = redis.url();
    let refused = examine(&[("REDIS_URL", &url), ("REDIS_PASSWORD", "abc123xyz")]);
    assert_eq!(refused.one("redis"), "FAIL: REDIS_PASSWORD: the server refuses the user or the password");
    drop(redis);
    let away = examine(&[("REDIS_URL", &url), ("REDIS_FALLBACK", "closed")]);
    let said =
        "FAIL: the connection is refused; until it can be asked, servers do what REDIS_FALLBACK=closed says";
    assert_eq!((away.one("redis").as_str(), away.code), (said, Some(1)));
}
