//! While Redis decides, all servers together admit what one would.

use testkit::Redis;

use super::*;

#[tokio::test]
async fn p11_three_servers_admit_exactly_the_limit_in_each_window() {
    let redis = Redis::start();
    let servers = servers(3, &[("REDIS_URL", &redis.url()), PATIENT]).await;
    let mut admitted = load(&servers, "key-one", 3 * LIMIT).await;
    assert_eq!(admitted.len(), LIMIT);
    // Through to the end of the next window; each request that was let in makes room for one.
    let begun = Instant::now();
    while admitted.len() < 2 * LIMIT {
        admitted.extend(load(&servers, "key-one", CLIENTS).await);
        assert!(begun.elapsed() < 2 * WINDOW, "{} were admitted", admitted.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    admitted.extend(load(&servers, "key-one", 3 * LIMIT).await);
    assert_eq!((admitted.len(), most_in_a_window(&admitted)), (2 * LIMIT, LIMIT));
}

#[tokio::test]
async fn p12_keys_of_one_client_share_the_window_over_servers_and_each_keeps_its_limit() {
    let redis = Redis::start();
    let servers = servers(2, &[("REDIS_URL", &redis.url()), PATIENT]).await;
    // A key without a limit is never held back, and what it does counts for the others.
    for _ in 0..5 {
        assert!(servers[0].admits("key-free").await);
    }
    // They are not waited for, so they may still be on their way.
    until_counted(&redis, 5).await;
    assert_eq!(load(&servers, "key-small", 30).await.len(), 2);
    assert_eq!(load(&servers, "key-one", 3 * LIMIT).await.len(), LIMIT - 7);
    assert!(!servers[1].admits("key-small").await && !servers[1].admits("key-none").await);
    assert!(servers[1].admits("key-free").await && servers[1].admits("key-two").await);
    let refused = servers[1].verify("key-small").await;
    let header = |name: &str| refused.headers()[name].to_str().expect("ASCII").to_owned();
    let wait: u64 = header("retry-after").parse().expect("a number");
    assert!((1..=61).contains(&wait));
    assert!(header("ratelimit").starts_with("\"default\";r=0;t="), "{}", header("ratelimit"));
    assert_eq!(header("ratelimit-policy"), "\"default\";q=7;w=60");
}

#[tokio::test]
async fn a_server_that_is_killed_takes_nothing_along() {
    let redis = Redis::start();
    let mut servers = servers(3, &[("REDIS_URL", &redis.url()), PATIENT]).await;
    let before = load(&servers, "key-one", LIMIT / 2).await.len();
    assert_eq!(before, LIMIT / 2);
    let rest = tokio::spawn({
        let servers = servers.clone();
        async move { load(&servers, "key-one", 3 * LIMIT).await.len() }
    });
    servers.pop().expect("three").signal("KILL");
    let after = rest.await.expect("a load that ends");
    let last = load(&servers, "key-one", 3 * LIMIT).await.len();
    let admitted = before + after + last;
    // What was admitted and not yet answered is lost with the server.
    assert!((LIMIT - CLIENTS..=LIMIT).contains(&admitted), "{admitted}");
}

#[tokio::test]
async fn nobody_notices_a_redis_that_forgets_its_scripts() {
    let redis = Redis::start();
    let servers = servers(2, &[("REDIS_URL", &redis.url()), PATIENT]).await;
    let mut admitted = 0;
    for _ in 0..3 {
        assert_eq!(redis.command(&["SCRIPT", "FLUSH"]), "OK");
        admitted += load(&servers, "key-one", LIMIT).await.len();
    }
    assert_eq!(admitted, LIMIT);
    for server in &servers {
        let status = server.status().await;
        assert_eq!(
            (&status["redis"]["connected"], &status["redis"]["last_error"]),
            (&true.into(), &Value::Null)
        );
    }
}

#[tokio::test]
async fn two_installations_in_one_redis_know_nothing_of_each_other() {
    let redis = Redis::start();
    let one = Server::start(&[("REDIS_URL", &redis.url()), PATIENT]);
    let other = Server::start(&[("REDIS_URL", &redis.url()), ("REDIS_PREFIX", "other"), PATIENT]);
    one.until_one_of(1).await;
    other.until_one_of(1).await;
    let (one, other) = (Arc::new(one), Arc::new(other));
    assert_eq!(load(&[one], "key-one", 2 * LIMIT).await.len(), LIMIT);
    assert_eq!(load(&[other], "key-one", 2 * LIMIT).await.len(), LIMIT);
    let keys = redis.command(&["KEYS", "*"]);
    assert!(keys.lines().all(|key| key.starts_with("convergence:") || key.starts_with("other:")), "{keys}");
    assert!(!keys.contains("key-one") && !keys.contains("Client"), "{keys}");
}

#[tokio::test]
async fn a_client_that_does_not_stop_asking_costs_redis_nothing() {
    let redis = Redis::start();
    let servers = servers(2, &[("REDIS_URL", &redis.url()), PATIENT]).await;
    assert_eq!(load(&servers, "key-one", 3 * LIMIT).await.len(), LIMIT);
    assert_eq!(redis.command(&["CONFIG", "RESETSTAT"]), "OK");
    assert_eq!(load(&servers, "key-one", 20 * LIMIT).await.len(), 0);
    let said = redis.command(&["INFO", "commandstats"]);
    let calls = said.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls=")?.split(',').next());
    let calls: usize = calls.map_or(0, |calls| calls.parse().expect("a number"));
    // Beside it, both servers say that they are there.
    assert!(calls < LIMIT, "{calls}");
    assert!(
        servers[1].admits("key-free").await && servers[1].admits("key-two").await,
        "others are asked for"
    );
}
