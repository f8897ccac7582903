//! The kinds of Redis that there are: a cluster, one behind TLS, one for a user of few rights.

use testkit::Redis;

use super::sheet::{Desk, until_one_reads};
use super::start::with_tls;
use super::*;

#[tokio::test]
async fn over_tls_with_a_certificate_of_our_own() {
    let (redis, folder) = with_tls("yes");
    let url = redis.url().replace("redis://", "rediss://");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (authority, certificate, key) = (path("ca.pem"), path("client.pem"), path("client.key"));
    let settings = [
        ("REDIS_URL", url.as_str()),
        ("REDIS_CA_PATH", &authority),
        ("REDIS_CLIENT_CERT_PATH", &certificate),
        ("REDIS_CLIENT_KEY_PATH", &key),
        PATIENT,
    ];
    let servers = servers(2, &settings).await;
    assert_eq!(load(&servers, "key-one", 3 * LIMIT).await.len(), LIMIT);
}

/// Makes the user of the guide, with `more` rights than it says for one server. Returns the password.
pub(super) fn add_user(redis: &Redis, more: &str) -> String {
    let guide = include_str!("../../../../../docs/redis.md");
    let rights = guide.lines().find_map(|line| line.trim().strip_prefix("ACL SETUSER convergence "));
    let rights = format!("{} {more}", rights.expect("a line of rights"));
    let rights: Vec<&str> = rights.split_whitespace().collect();
    let words = [&["ACL", "SETUSER", "convergence"], &rights[..]].concat();
    assert_eq!(redis.command(&words), "OK", "{words:?}");
    let password = rights.iter().find_map(|word| word.strip_prefix('>'));
    password.expect("a password").to_owned()
}

#[tokio::test]
async fn as_a_user_who_may_do_what_the_guide_says() {
    let redis = Redis::start();
    let password = add_user(&redis, "");
    let url = redis.url().replace("redis://", "redis://convergence@");
    let servers = servers(2, &[("REDIS_URL", &url), ("REDIS_PASSWORD", &password), PATIENT]).await;
    assert_eq!(load(&servers, "key-one", 3 * LIMIT).await.len(), LIMIT);
    for server in &servers {
        assert_eq!(server.status().await["redis"]["last_error"], Value::Null);
    }
}

#[tokio::test]
async fn one_reads_for_all_in_a_cluster_and_as_a_user_of_few_rights() {
    let desk = Desk::new().await;
    let password = add_user(&desk.redis, "");
    let user = desk.redis.url().replace("redis://", "redis://convergence@");
    let nodes = cluster().await;
    // With names of their own: what the first ones have left in the tab is not the others'.
    for (url, password, names) in [(user, Some(password), ["a", "b"]), (nodes[1].url(), None, ["c", "d"])] {
        let reads = desk.google.reads();
        let mut settings = vec![("REDIS_URL", url.as_str()), ("USAGE_FLUSH_INTERVAL", "1")];
        settings.extend(password.as_deref().map(|password| ("REDIS_PASSWORD", password)));
        let start =
            |instance| desk.start_in(desk.folder(), &[&settings[..], &[("INSTANCE", instance)]].concat());
        let servers: Vec<Server> = names.map(start).into();
        until_one_reads(&servers).await;
        for server in &servers {
            let (status, report) = server.refresh().await;
            assert!(status == 200 && server.admits("key-1").await, "{report}");
        }
        for server in &servers {
            server.until_sums(&[("Client 1", 2)]).await;
        }
        assert!(desk.google.reads() > reads);
    }
}

/// Three primaries that share the slots among them.
pub(super) async fn cluster() -> Vec<Redis> {
    let settings = [
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "2000",
        "--cluster-require-full-coverage",
        "no",
    ];
    let nodes: Vec<Redis> = (0..3).map(|_| Redis::start_with(&settings)).collect();
    let addresses: Vec<String> = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
    let made = nodes[0].command(
        &[
            &["--cluster", "create"],
            &addresses.iter().map(String::as_str).collect::<Vec<_>>()[..],
            &["--cluster-yes"],
        ]
        .concat(),
    );
    let begun = Instant::now();
    let knows_all = |node: &Redis| {
        let info = node.command(&["CLUSTER", "INFO"]);
        info.contains("cluster_state:ok")
            && info.contains("cluster_slots_assigned:16384")
            && info.contains("cluster_known_nodes:3")
    };
    while !nodes.iter().all(knows_all) {
        assert!(begun.elapsed() < LONG, "{made}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    nodes
}

#[tokio::test]
async fn a_cluster_by_one_of_its_nodes() {
    let nodes = cluster().await;
    let guide = include_str!("../../../../../docs/redis.md");
    let more = guide.split_once("In a cluster it needs `").and_then(|(_, rest)| rest.split_once('`'));
    let more = more.expect("what is needed in a cluster").0;
    let passwords: Vec<String> = nodes.iter().map(|node| add_user(node, more)).collect();
    let url = nodes[1].url().replace("redis://", "redis://convergence@");
    let servers = servers(2, &[("REDIS_URL", &url), ("REDIS_PASSWORD", &passwords[0]), PATIENT]).await;
    for key in ["key-one", "key-two", "key-three", "key-four"] {
        assert_eq!(load(&servers, key, 3 * LIMIT).await.len(), LIMIT, "{key}");
    }
    let with_windows = |node: &&Redis| !node.command(&["KEYS", "convergence:window:*"]).is_empty();
    assert!(nodes.iter().filter(with_windows).count() > 1, "clients are spread over the nodes");
}

#[tokio::test]
async fn a_cluster_by_several_of_its_nodes_of_which_one_is_gone() {
    let mut nodes = cluster().await;
    let url = format!("redis://127.0.0.1:1,{},{}", nodes[1].url(), nodes[2].url());
    let servers = servers(2, &[("REDIS_URL", &url)]).await;
    nodes[0].kill();
    let mut admitted = Vec::new();
    for _ in 0..4 {
        for key in ["key-one", "key-two", "key-three", "key-four"] {
            let of_one = load(&servers, key, LIMIT).await;
            admitted.push((key, of_one));
        }
    }
    for key in ["key-one", "key-two", "key-three", "key-four"] {
        let of_key: Vec<Admission> =
            admitted.iter().filter(|(of, _)| *of == key).flat_map(|(_, all)| all.clone()).collect();
        let most = most_in_a_window(&of_key);
        assert!((LIMIT / 2 * 2..=2 * LIMIT).contains(&most), "{key}: {most}");
    }
}
