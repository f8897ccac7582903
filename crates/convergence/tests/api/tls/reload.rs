//! New files under way.

use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;

/// Moves the clock until a new connection gets a certificate for `name`.
async fn until_served(secure: &Secure, name: &str) {
    let start = Instant::now();
    loop {
        let (text, _) = secure.openssl(&["-verify_hostname", name]);
        if text.contains("Verify return code: 0 (ok)") {
            return;
        }
        assert!(start.elapsed() < LONG, "still not {name}: {text}");
        secure.server.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_taken_over_and_no_request_fails() {
    let secure = Secure::start();
    let kept = secure.client().http1_only().build().expect("a client");
    kept.get(secure.url("/health")).send().await.expect("an answer");
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    // Each request of these has a connection of its own.
    let fresh = secure.client().pool_max_idle_per_host(0).http1_only().build().expect("a client");
    let load: Vec<_> = [kept, fresh]
        .into_iter()
        .map(|client| {
            let (stop, asked, url) = (Arc::clone(&stop), Arc::clone(&asked), secure.url("/health"));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let answer = client.get(&url).send().await.expect("an answer, whatever happens");
                    assert_eq!(answer.status(), 200);
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for name in ["first.example", "second.example", "third.example"] {
        let before = asked.load(Ordering::Relaxed);
        secure.save(&secure.authority.server(&[name, "127.0.0.1"], VALID));
        until_served(&secure, name).await;
        let start = Instant::now();
        while asked.load(Ordering::Relaxed) < before + 20 {
            assert!(start.elapsed() < LONG, "the load has stopped");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for client in load {
        client.await.expect("no request has failed");
    }
}

#[tokio::test]
async fn a_pair_that_does_not_fit_changes_nothing_and_is_said() {
    let secure = Secure::start();
    let (one, other) =
        (secure.authority.server(&["other.example"], VALID), secure.authority.server(&["x"], VALID));
    let refused = "convergence_tls_files_refused{source=\"files\"}";
    secure.server.until_metric(refused, 0.0).await;
    for broken in [
        Pair { certificate: one.certificate.clone(), key: other.key },
        Pair { certificate: "nothing".to_owned(), key: one.key.clone() },
        Pair { certificate: one.certificate.clone(), key: String::new() },
    ] {
        secure.save(&broken);
        let start = Instant::now();
        while secure.server.metric(refused).await != Some(1.0) {
            assert!(start.elapsed() < LONG, "not refused");
            secure.server.clock.advance(Duration::from_secs(1));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (text, good) = secure.openssl(&["-verify_hostname", NAME]);
        assert!(good, "the old one is still served: {text}");
    }
    secure.save(&one);
    until_served(&secure, "other.example").await;
    secure.server.until_metric(refused, 0.0).await;
}

#[tokio::test]
async fn a_swapped_symlink_is_seen_as_kubernetes_does_it() {
    let secure = Secure::start();
    let folder = secure.server.path("");
    let version = |name: &str, pair: &Pair| {
        std::fs::create_dir(folder.join(name)).expect("a folder");
        std::fs::write(folder.join(name).join("tls.crt"), &pair.certificate).expect("a file");
        std::fs::write(folder.join(name).join("tls.key"), &pair.key).expect("a file");
    };
    let swap = |to: &str| {
        symlink(to, folder.join("..data_tmp")).expect("a link");
        std::fs::rename(folder.join("..data_tmp"), folder.join("..data")).expect("a rename");
    };
    version("..1", &secure.authority.server(&["one.example"], VALID));
    version("..2", &secure.authority.server(&["two.example"], VALID));
    swap("..1");
    for file in ["tls.crt", "tls.key"] {
        std::fs::remove_file(folder.join(file)).expect("a file");
        symlink(format!("..data/{file}"), folder.join(file)).expect("a link");
    }
    until_served(&secure, "one.example").await;
    swap("..2");
    until_served(&secure, "two.example").await;
}

#[tokio::test]
async fn when_it_expires_is_in_the_metrics() {
    let secure = Secure::start();
    let expiry = "convergence_tls_certificate_not_after_timestamp_seconds{source=\"files\"}";
    secure.server.until_metric(expiry, 4_070_908_800.0).await;
    secure.save(&secure.authority.server(&["soon.example"], (2020, 2030)));
    until_served(&secure, "soon.example").await;
    secure.server.until_metric(expiry, 1_893_456_000.0).await;
    let without = TestServer::with(&[]);
    assert_eq!(without.metric(expiry).await, None);
}
