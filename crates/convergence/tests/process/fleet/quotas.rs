//! Quotas of the day and the month over several servers: exactly as many requests as one server would admit, and without
//! Redis never more than `docs/redis.md` says.

use std::time::SystemTime;

use testkit::Redis;

use super::kinds::{add_user, cluster};
use super::*;

/// A time zone in which it is about noon, so that no day ends in a test.
fn zone() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let hour = i64::try_from(now.as_secs() / 3_600 % 24).expect("a day has 24");
    // Their names have the sign turned round.
    format!("Etc/GMT{:+}", hour - 12)
}

fn quotas_folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let rows = [
        "api_key,client_name,is_active,rate_limit,rate_limit_day,rate_limit_month".to_owned(),
        format!("key-day,Client day,TRUE,,{LIMIT},"),
        format!("key-month,Client month,TRUE,,,{LIMIT}"),
        format!("key-both,Client both,TRUE,5000,{LIMIT},{LIMIT}0"),
        "key-free,Client both,TRUE,,,".to_owned(),
        "key-minute,Client both,TRUE,5000,,".to_owned(),
        "key-other,Client other,TRUE,,,".to_owned(),
    ];
    std::fs::write(folder.path().join("keys.csv"), rows.join("\n")).expect("a keys file");
    folder
}

fn start_in(folder: TempDir, settings: &[(&str, &str)]) -> Arc<Server> {
    let zone = zone();
    Arc::new(Server::start_in(folder, &[settings, &[("KEYS_TIME_ZONE", zone.as_str())]].concat()))
}

async fn three(settings: &[(&str, &str)]) -> Vec<Arc<Server>> {
    let all: Vec<_> = (0..3).map(|_| start_in(quotas_folder(), settings)).collect();
    for server in &all {
        server.until_one_of(3).await;
    }
    all
}

/// So many requests, one after the other, at each server in turn.
async fn in_turn(servers: &[Arc<Server>], key: &str, requests: usize) {
    for number in 0..requests {
        assert!(servers[number % servers.len()].admits(key).await, "{number}");
    }
}

/// Waits until the only client that there is has used so much of its day and its month.
async fn until_used(redis: &Redis, used: usize) {
    let begun = Instant::now();
    loop {
        let key = redis.command(&["KEYS", "convergence:quota:*"]);
        let said = redis.command(&["GET", &key]);
        if said.ends_with(&format!(" {used} {used}")) {
            return;
        }
        assert!(begun.elapsed() < LONG, "it has counted {said:?}, not {used}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ends a server, and starts it anew with its files.
fn again(server: Arc<Server>, settings: &[(&str, &str)]) -> Arc<Server> {
    server.stop();
    let mut server = Arc::into_inner(server).expect("nobody else has it");
    let folder = std::mem::replace(&mut server.folder, folder());
    start_in(folder, settings)
}

#[tokio::test]
async fn p11_three_servers_admit_exactly_a_quota_of_the_day_and_of_the_month() {
    let redis = Redis::start();
    let mut servers = three(&[("REDIS_URL", &redis.url()), PATIENT]).await;
    assert_eq!(load(&servers, "key-day", 3 * LIMIT).await.len(), LIMIT);
    assert_eq!(load(&servers, "key-month", 3 * LIMIT).await.len(), LIMIT);
    // What other keys of the client do counts, whatever they are held to.
    in_turn(&servers, "key-minute", 4).await;
    in_turn(&servers, "key-free", 3).await;
    assert_eq!(load(&servers, "key-both", 3 * LIMIT).await.len(), LIMIT - 7);
    assert!(servers[0].admits("key-free").await && servers[1].admits("key-minute").await);
    for (server, key) in servers.iter().zip(["key-day", "key-month", "key-both"]) {
        let refused = server.verify(key).await;
        let wait: u64 = refused.headers()["retry-after"].to_str().expect("ASCII").parse().expect("a number");
        assert!(wait > 3_600 * 10, "{wait}");
        let problem: Value = refused.json().await.expect("a problem");
        assert_eq!(problem["code"], "quota_exceeded");
    }
    // One that knows nothing, and in place of one that is killed.
    servers.pop().expect("three").signal("KILL");
    servers.push(start_in(quotas_folder(), &[("REDIS_URL", &redis.url()), PATIENT]));
    servers[2].until("it asks Redis", |redis| redis["connected"] == true).await;
    for key in ["key-day", "key-month", "key-both"] {
        assert_eq!(load(&servers, key, LIMIT).await.len(), 0, "{key}");
    }
    // Who has no quota leaves nothing of it in Redis.
    assert!(servers[0].admits("key-other").await);
    assert_eq!(redis.command(&["KEYS", "convergence:quota:*"]).lines().count(), 3);
}

#[tokio::test]
async fn p14_a_new_quota_applies_to_what_all_servers_have_let_in_before_it() {
    let redis = Redis::start();
    let servers = three(&[("REDIS_URL", &redis.url()), PATIENT]).await;
    in_turn(&servers, "key-other", 30).await;
    let mut admitted = 30;
    for server in &servers {
        let keys =
            format!("api_key,client_name,is_active,rate_limit_day\nkey-other,Client other,TRUE,{LIMIT}\n");
        std::fs::write(server.folder.path().join("keys.csv"), keys).expect("a keys file");
        let begun = Instant::now();
        loop {
            let answer = server.verify("key-other").await;
            assert_eq!(answer.status(), 200);
            admitted += 1;
            if answer.headers().contains_key("ratelimit-policy") {
                break;
            }
            assert!(begun.elapsed() < LONG, "it does not read them");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    until_used(&redis, admitted).await;
    assert_eq!(load(&servers, "key-other", 3 * LIMIT).await.len(), LIMIT - admitted);
}

#[tokio::test]
async fn a_server_that_is_killed_gives_no_quota_back() {
    let redis = Redis::start();
    let mut servers = three(&[("REDIS_URL", &redis.url()), PATIENT]).await;
    in_turn(&servers, "key-day", LIMIT / 2).await;
    let rest = tokio::spawn({
        let servers = servers.clone();
        async move { load(&servers, "key-day", 3 * LIMIT).await.len() }
    });
    servers.pop().expect("three").signal("KILL");
    let admitted = LIMIT / 2 + rest.await.expect("a load that ends");
    let admitted = admitted + load(&servers, "key-day", 3 * LIMIT).await.len();
    // What was admitted and not yet answered is lost with the server.
    assert!((LIMIT - CLIENTS..=LIMIT).contains(&admitted), "{admitted}");
}

#[tokio::test]
async fn an_emptied_redis_hears_from_each_server_what_it_knows() {
    let redis = Redis::start();
    let servers = three(&[("REDIS_URL", &redis.url()), PATIENT]).await;
    in_turn(&servers, "key-day", LIMIT / 2).await;
    assert_eq!(redis.command(&["FLUSHALL"]), "OK");
    let admitted = LIMIT / 2 + load(&servers, "key-day", 3 * LIMIT).await.len();
    // Of the last two requests not every server has heard.
    assert!((LIMIT..=LIMIT + 2).contains(&admitted), "{admitted}");
    assert_eq!(redis.command(&["FLUSHALL"]), "OK");
    assert_eq!(load(&servers, "key-day", 3 * LIMIT).await.len(), 0);
}

#[tokio::test]
async fn each_server_keeps_to_its_part_of_what_is_left_and_tells_it_afterwards() {
    let mut redis = Redis::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str()), PATIENT];
    let mut servers = three(&settings).await;
    in_turn(&servers, "key-day", 41).await;
    redis.kill();
    for server in &servers {
        server.until_away().await;
    }
    // 60 are left, or one or two more by those who have not asked last.
    for server in &servers {
        assert_eq!(load(std::slice::from_ref(server), "key-day", LIMIT).await.len(), 20);
    }
    redis.restart();
    for server in &servers {
        server.until_one_of(3).await;
    }
    // No request has to come for that.
    until_used(&redis, LIMIT).await;
    let last = servers.pop().expect("three");
    servers.push(again(last, &settings));
    servers[2].until("it asks Redis", |redis| redis["connected"] == true).await;
    assert_eq!(load(&servers, "key-day", 3 * LIMIT).await.len(), 0);
    until_used(&redis, LIMIT).await;
}

/// The worst that can be: one server has all the requests, and then the others, who know of none, decide for themselves.
#[tokio::test]
async fn the_bound_of_a_quota_is_reached_and_not_passed() {
    let mut redis = Redis::start_with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str()), PATIENT];
    let mut servers = three(&settings).await;
    assert_eq!(load(&servers[..1], "key-month", 2 * LIMIT).await.len(), LIMIT);
    redis.kill();
    for server in &servers {
        server.until_away().await;
    }
    assert_eq!(load(&servers, "key-month", 6 * LIMIT).await.len(), 2 * (LIMIT / 3));
    // It knows from its disk what it has let in.
    let first = servers.remove(0);
    servers.insert(0, again(first, &settings));
    assert_eq!(load(&servers, "key-month", 3 * LIMIT).await.len(), 0);
    redis.restart();
    for server in &servers {
        server.until("it asks Redis", |redis| redis["connected"] == true).await;
    }
    until_used(&redis, LIMIT + 2 * (LIMIT / 3)).await;
    assert_eq!(load(&servers, "key-month", 3 * LIMIT).await.len(), 0);
}

#[tokio::test]
async fn closed_refuses_whoever_has_a_quota_and_local_admits_what_is_left_of_it() {
    for (fallback, admitted) in [("closed", None), ("local", Some(LIMIT - 5))] {
        let mut redis = Redis::start();
        let url = redis.url();
        let server = start_in(quotas_folder(), &[("REDIS_URL", &url), ("REDIS_FALLBACK", fallback)]);
        server.until_one_of(1).await;
        in_turn(std::slice::from_ref(&server), "key-day", 5).await;
        redis.kill();
        server.until_away().await;
        assert!(server.admits("key-free").await);
        match admitted {
            None => assert_eq!(server.verify("key-day").await.status(), 503),
            Some(left) => assert_eq!(load(&[server], "key-day", 2 * LIMIT).await.len(), left),
        }
    }
}

#[tokio::test]
async fn as_a_user_of_few_rights_and_in_a_cluster() {
    let redis = Redis::start();
    let password = add_user(&redis, "");
    let user = redis.url().replace("redis://", &format!("redis://convergence:{password}@"));
    let nodes = cluster().await;
    for url in [user, nodes[0].url()] {
        let servers = three(&[("REDIS_URL", &url), PATIENT]).await;
        for key in ["key-day", "key-month", "key-both"] {
            assert_eq!(load(&servers, key, 3 * LIMIT).await.len(), LIMIT, "{key}");
        }
        for server in &servers {
            assert_eq!(server.status().await["redis"]["last_error"], Value::Null);
        }
    }
}
