//! What a person has to put right is said at the start, with the setting's name and without a secret. A Redis that is away
//! is none of that.

use testkit::{Authority, Chaos, Redis, VALID, Weather};

use super::*;

/// Starts a server that does not, and returns what it says.
fn refused(settings: &[(&str, &str)]) -> String {
    let folder = folder();
    let all = [crate::GUARDED, settings].concat();
    let mut child = crate::program(folder.path(), &["serve"]).envs(all).spawn().expect("the program starts");
    let begun = Instant::now();
    while child.try_wait().expect("a status").is_none() && begun.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let output = child.wait_with_output().expect("its words");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
    said
}

/// It is refused, by the name of this setting and with these words.
fn assert_refused(settings: &[(&str, &str)], variable: &str, words: &str) {
    let said = refused(settings);
    assert!(said.contains(&format!("{variable}: ")) && said.contains(words), "{said}");
}

#[test]
fn a_malformed_url_is_said_with_all_other_faults() {
    let said = refused(&[
        ("REDIS_URL", "http://:s3cret@cache"),
        ("REDIS_FALLBACK", "s3cret"),
        ("REDIS_PREFIX", "{s3cret}"),
    ]);
    for variable in ["REDIS_URL: ", "REDIS_FALLBACK: ", "REDIS_PREFIX: "] {
        assert!(said.contains(variable), "{said}");
    }
    assert_refused(&[("REDIS_PASSWORD", "s3cret")], "REDIS_PASSWORD", "REDIS_URL is not");
}

#[test]
fn a_password_is_demanded_and_a_wrong_one_refused() {
    let redis = Redis::start_with(&["--requirepass", "right"]);
    let url = redis.url();
    assert_refused(&[("REDIS_URL", &url)], "REDIS_PASSWORD", "demands a password");
    assert_refused(
        &[("REDIS_URL", &url), ("REDIS_PASSWORD", "s3cret")],
        "REDIS_PASSWORD",
        "refuses the user or the password",
    );
    let with = url.replace("redis://", "redis://somebody:s3cret@");
    assert_refused(&[("REDIS_URL", &with)], "REDIS_PASSWORD", "refuses the user or the password");
}

#[tokio::test]
async fn an_old_version_is_refused() {
    let redis = Redis::start();
    let chaos = Chaos::before(redis.port()).await;
    chaos.set(Weather::Lying("redis_version:7.0", "redis_version:6.0"));
    let url = format!("redis://127.0.0.1:{}", chaos.port());
    let said = tokio::task::spawn_blocking(move || refused(&[("REDIS_URL", &url)])).await.expect("it ends");
    assert!(said.contains("REDIS_URL: ") && said.contains("before 6.2"), "{said}");
}

#[tokio::test]
async fn a_server_that_is_no_redis_is_refused() {
    let google = testkit::Google::start().await;
    let url = google.url().replace("http://", "redis://");
    let said = tokio::task::spawn_blocking(move || refused(&[("REDIS_URL", &url)])).await.expect("it ends");
    assert!(said.contains("REDIS_URL: ") && said.contains("does not speak Redis' protocol"), "{said}");
}

#[test]
fn tls_where_there_is_none_and_none_where_there_is() {
    let redis = Redis::start();
    let tls = redis.url().replace("redis://", "rediss://");
    assert_refused(&[("REDIS_URL", &tls)], "REDIS_URL", "does not speak TLS");

    let (redis, folder) = with_tls("no");
    assert_refused(&[("REDIS_URL", &redis.url())], "REDIS_URL", "speaks TLS");
    let tls = redis.url().replace("redis://", "rediss://");
    assert_refused(&[("REDIS_URL", &tls)], "REDIS_CA_PATH", "not trusted");
    let missing = folder.path().join("nothing.pem").to_string_lossy().into_owned();
    assert_refused(&[("REDIS_URL", &tls), ("REDIS_CA_PATH", &missing)], "REDIS_CA_PATH", "cannot be read");
    let not_pem = folder.path().join("nothing.pem");
    std::fs::write(&not_pem, "s3cret").expect("a file");
    assert_refused(&[("REDIS_URL", &tls), ("REDIS_CA_PATH", &missing)], "REDIS_CA_PATH", "in PEM");

    let (redis, folder) = with_tls("yes");
    let tls = redis.url().replace("redis://", "rediss://");
    let authority = folder.path().join("ca.pem").to_string_lossy().into_owned();
    assert_refused(
        &[("REDIS_URL", &tls), ("REDIS_CA_PATH", &authority)],
        "REDIS_CLIENT_CERT_PATH",
        "certificate",
    );
}

/// One that speaks TLS alone, and the folder with `ca.pem`, `client.pem` and `client.key`.
pub(super) fn with_tls(asks_for_certificates: &str) -> (Redis, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let authority = Authority::new("an authority");
    let server = authority.server(&["127.0.0.1"], VALID);
    let client = authority.client("a client");
    for (name, pem) in [
        ("ca.pem", &authority.pem()),
        ("server.pem", &server.certificate),
        ("server.key", &server.key),
        ("client.pem", &client.certificate),
        ("client.key", &client.key),
    ] {
        std::fs::write(folder.path().join(name), pem).expect("a file");
    }
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let redis = Redis::start_with(&[
        "--port",
        "0",
        "--tls-port",
        "@PORT@",
        "--tls-cert-file",
        &path("server.pem"),
        "--tls-key-file",
        &path("server.key"),
        "--tls-ca-cert-file",
        &path("ca.pem"),
        "--tls-auth-clients",
        asks_for_certificates,
        "--tls-replication",
        "yes",
    ]);
    (redis, folder)
}

#[test]
fn a_sentinel_and_several_servers_that_are_no_cluster_are_refused() {
    let redis = Redis::start();
    let other = Redis::start();
    let both = format!("{},{}", redis.url(), other.url());
    assert_refused(&[("REDIS_URL", &both)], "REDIS_URL", "no cluster");
}

#[test]
fn without_the_rights_it_needs_it_does_not_start() {
    let redis = Redis::start();
    assert_eq!(redis.command(&["ACL", "SETUSER", "us", "on", ">s3cret", "~other:*", "+@all"]), "OK");
    let url = redis.url().replace("redis://", "redis://us:s3cret@");
    assert_refused(&[("REDIS_URL", &url)], "REDIS_URL", "NOPERM");
}

#[tokio::test]
async fn a_redis_that_is_away_is_no_reason_not_to_start() {
    let redis = Redis::start();
    let url = redis.url();
    drop(redis);
    let server = Server::start(&[("REDIS_URL", &url)]);
    server.says("Redis cannot be asked: the connection is refused");
    assert_eq!(load(&[Arc::new(server)], "key-one", 2 * LIMIT).await.len(), LIMIT);
    // A replica is one whose primary may be about to change.
    let primary = Redis::start();
    let replica = Redis::start_with(&["--replicaof", "127.0.0.1", &primary.port().to_string()]);
    let server = Server::start(&[("REDIS_URL", &replica.url())]);
    server
        .until("it is known", |redis| {
            redis["last_error"].as_str().is_some_and(|error| error.contains("READONLY"))
        })
        .await;
    assert_eq!(replica.command(&["REPLICAOF", "NO", "ONE"]), "OK");
    server.until_one_of(1).await;
}

#[test]
fn without_authentication_there_is_nothing_to_share() {
    let folder = folder();
    let settings = [("API_PORT", "0"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let mut serving = Serving::start(folder.path(), &["serve"], &settings);
    assert!(serving.line_with("REDIS_URL has no effect").contains("WARN"));
    serving.terminate();
}
