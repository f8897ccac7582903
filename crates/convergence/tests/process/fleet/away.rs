//! Redis fails, in every way there is: never more is admitted than `docs/redis.md` says, no request waits for ever, and
//! everything is as it was once it is back.

use testkit::{Chaos, Redis, Weather};

use super::*;

/// What `docs/redis.md` says may be admitted in a minute: by Redis, and by all shares together.
const BOUND: usize = 2 * LIMIT;

/// Loads the servers while `happens` does, and on until they ask Redis again.
async fn through(
    servers: &[Arc<Server>],
    key: &'static str,
    happens: impl AsyncFnOnce(&[Arc<Server>]),
) -> Vec<Admission> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let busy = tokio::spawn({
        let servers = servers.to_vec();
        async move {
            let mut admitted = Vec::new();
            while !*stopped.borrow() {
                admitted.extend(load(&servers, key, CLIENTS).await);
            }
            admitted
        }
    });
    happens(servers).await;
    let all = u32::try_from(servers.len()).expect("few");
    for server in servers {
        server.until_one_of(all).await;
    }
    stop.send_replace(true);
    busy.await.expect("a load that ends")
}

async fn until_all_are_alone(servers: &[Arc<Server>]) {
    for server in servers {
        server.until_away().await;
    }
}

#[tokio::test]
async fn a_paused_redis_costs_nobody_more_than_the_deadline_and_at_most_one_more_limit() {
    let redis = Redis::start();
    let servers = servers(3, &[("REDIS_URL", &redis.url())]).await;
    let admitted = through(&servers, "key-one", async |servers| {
        redis.pause();
        until_all_are_alone(servers).await;
        // Once it is known to be away, nobody asks it.
        assert!(servers[0].admits("key-free").await);
        redis.resume();
    });
    let admitted = admitted.await;
    let most = most_in_a_window(&admitted);
    assert!((1..=BOUND).contains(&most), "{most}");
}

#[tokio::test]
async fn a_redis_that_is_killed_and_comes_back_empty_costs_one_limit_more() {
    let mut redis = Redis::start();
    let servers = servers(3, &[("REDIS_URL", &redis.url())]).await;
    let admitted = through(&servers, "key-one", async |servers| {
        redis.kill();
        until_all_are_alone(servers).await;
        redis.restart();
    });
    let admitted = admitted.await;
    let most = most_in_a_window(&admitted);
    assert!((LIMIT..=BOUND + LIMIT).contains(&most), "{most}");
}

#[tokio::test]
async fn each_server_keeps_to_its_share_and_what_it_admitted_is_told_afterwards() {
    let mut redis = Redis::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let servers = servers(3, &[("REDIS_URL", &redis.url()), PATIENT]).await;
    redis.kill();
    until_all_are_alone(&servers).await;
    let mut admitted = Vec::new();
    for server in &servers {
        let of_one = load(std::slice::from_ref(server), "key-two", LIMIT).await;
        assert_eq!(of_one.len(), LIMIT / 3);
        admitted.extend(of_one);
    }
    redis.restart();
    for server in &servers {
        server.until_one_of(3).await;
    }
    // Told a moment after, and no request has to come for that.
    until_counted(&redis, LIMIT / 3 * 3).await;
    admitted.extend(load(&servers, "key-two", 3 * LIMIT).await);
    assert_eq!((admitted.len(), most_in_a_window(&admitted)), (LIMIT, LIMIT));
}

#[tokio::test]
async fn a_server_that_is_cut_off_keeps_to_its_share_while_the_others_go_on() {
    let redis = Redis::start();
    let chaos = Chaos::before(redis.port()).await;
    let through_chaos = format!("redis://127.0.0.1:{}", chaos.port());
    let cut_off = Arc::new(Server::start(&[("REDIS_URL", &through_chaos)]));
    let servers = servers_beside(&cut_off, &redis).await;
    for weather in [Weather::Cut, Weather::Silent, Weather::Slow(Duration::from_millis(200))] {
        let key = match weather {
            Weather::Cut => "key-one",
            Weather::Silent => "key-two",
            _ => "key-three",
        };
        chaos.set(weather.clone());
        // Whoever asks first finds out.
        let alone = load(&servers[..1], key, 3 * LIMIT).await;
        servers[0].until_away().await;
        let others = load(&servers[1..], key, 3 * LIMIT).await;
        // What comes late counts in Redis, although the server has decided by itself meanwhile: less is let in, not more.
        let late = matches!(weather, Weather::Slow(_));
        assert!(others.len() == LIMIT || late && others.len() < LIMIT, "{weather:?}: {}", others.len());
        assert!((1..=LIMIT / 3).contains(&alone.len()), "{}", alone.len());
        let admitted = through(&servers, key, async |_| chaos.set(Weather::Fair)).await;
        let most = most_in_a_window(&[admitted, alone, others].concat());
        assert!(most <= LIMIT + LIMIT / 3, "{most}");
    }
}

/// Two more, without the proxy.
async fn servers_beside(first: &Arc<Server>, redis: &Redis) -> Vec<Arc<Server>> {
    let start = || Arc::new(Server::start(&[("REDIS_URL", &redis.url()), PATIENT]));
    let all = vec![Arc::clone(first), start(), start()];
    for server in &all {
        server.until_one_of(3).await;
    }
    all
}

#[tokio::test]
async fn a_full_redis_is_one_that_is_away() {
    let redis = Redis::start();
    let servers = servers(2, &[("REDIS_URL", &redis.url())]).await;
    let admitted = through(&servers, "key-one", async |servers| {
        assert_eq!(redis.command(&["CONFIG", "SET", "maxmemory", "1"]), "OK");
        until_all_are_alone(servers).await;
        let status = servers[0].status().await;
        let error = status["redis"]["last_error"].as_str().expect("a reason").to_owned();
        assert!(error.contains("OOM"), "{error}");
        assert_eq!(redis.command(&["CONFIG", "SET", "maxmemory", "0"]), "OK");
    });
    let most = most_in_a_window(&admitted.await);
    assert!((LIMIT..=BOUND).contains(&most), "{most}");
}

#[tokio::test]
async fn closed_refuses_what_nobody_can_decide_and_nothing_else() {
    let mut redis = Redis::start();
    let server = Server::start(&[("REDIS_URL", &redis.url()), ("REDIS_FALLBACK", "closed")]);
    server.until_one_of(1).await;
    redis.kill();
    server.until_away().await;
    let refused = server.verify("key-one").await;
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(refused.headers()["x-client-name"], "Client one");
    let problem: Value = refused.json().await.expect("a problem");
    assert_eq!(problem["code"], "authentication_unavailable");
    assert!(server.admits("key-free").await);
    assert_eq!(server.verify("key-none").await.status(), 429);
    assert_eq!(server.verify("key-unknown").await.status(), 401);
    redis.restart();
    server.until_one_of(1).await;
    assert!(server.admits("key-one").await);
}

#[tokio::test]
async fn local_lets_each_server_admit_the_whole_limit() {
    let mut redis = Redis::start();
    let servers = servers(2, &[("REDIS_URL", &redis.url()), ("REDIS_FALLBACK", "local")]).await;
    redis.kill();
    until_all_are_alone(&servers).await;
    for server in &servers {
        assert_eq!(load(std::slice::from_ref(server), "key-one", 2 * LIMIT).await.len(), LIMIT);
    }
}

#[tokio::test]
async fn whoever_starts_while_redis_is_away_remembers_how_many_there_are() {
    let mut redis = Redis::start();
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str())];
    let mut servers = servers(3, &settings).await;
    // Kept on disk a moment after it is known.
    let kept = servers[0].folder.path().join("data/servers");
    crate::until("it is kept", || std::fs::read_to_string(&kept).is_ok_and(|text| text == "3\n")).await;
    redis.kill();
    let stopped = servers.remove(0);
    stopped.stop();
    let again_in = folder();
    std::fs::create_dir(again_in.path().join("data")).expect("a folder");
    std::fs::copy(&kept, again_in.path().join("data/servers")).expect("a file");
    let again = Server::start_in(again_in, &settings);
    again.says("Redis cannot be asked");
    let again = Arc::new(again);
    assert_eq!(load(std::slice::from_ref(&again), "key-one", LIMIT).await.len(), LIMIT / 3);
    redis.restart();
    again.until("it comes back", |redis| redis["connected"] == true).await;
    assert!(again.admits("key-two").await);
}

/// The worst that can be: one server has all the requests, and then the others, too, decide for themselves.
#[tokio::test]
async fn the_bound_is_reached_and_not_passed() {
    let mut redis = Redis::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let servers = servers(3, &[("REDIS_URL", &redis.url()), PATIENT]).await;
    let mut admitted = load(&servers[..1], "key-one", 2 * LIMIT).await;
    assert_eq!(admitted.len(), LIMIT);
    redis.kill();
    until_all_are_alone(&servers).await;
    admitted.extend(load(&servers, "key-one", 6 * LIMIT).await);
    assert_eq!(admitted.len(), LIMIT + 2 * (LIMIT / 3), "the first has had more than its share");
    redis.restart();
    for server in &servers {
        server.until_one_of(3).await;
    }
    assert_eq!(load(&servers, "key-one", 3 * LIMIT).await.len(), 0, "Redis has forgotten nothing");
}

#[tokio::test]
async fn what_was_let_in_and_could_not_be_recorded_is_told_later() {
    let mut redis = Redis::start();
    let server = Server::start(&[("REDIS_URL", &redis.url())]);
    server.until_one_of(1).await;
    redis.pause();
    for _ in 0..3 {
        assert!(server.admits("key-free").await, "it waits for nobody");
    }
    server.until_away().await;
    redis.kill();
    redis.restart();
    server.until_one_of(1).await;
    until_counted(&redis, 3).await;
}
