//! Clients with certificates.

use reqwest::Identity;

use super::*;

fn with(secure: &Secure, pair: Option<&Pair>) -> Client {
    let client = secure.client();
    let client = match pair {
        Some(pair) => {
            let pem = [&*pair.certificate, &pair.key].concat();
            client.identity(Identity::from_pem(pem.as_bytes()).expect("a certificate and its key"))
        }
        None => client,
    };
    client.build().expect("a client")
}

async fn status(secure: &Secure, pair: Option<&Pair>) -> Option<u16> {
    let answer = with(secure, pair).get(secure.url("/health")).send().await;
    answer.ok().map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn a_client_without_a_certificate_gets_in_only_where_it_is_optional() {
    let foreign = Authority::new("Another authority").client("stranger");
    for (how, without) in [(None, None), (Some("required"), None), (Some("optional"), Some(200))] {
        let mut settings = vec![("TLS_CLIENT_CA_PATH", "{folder}/ca.crt")];
        settings.extend(how.map(|how| ("TLS_CLIENT_AUTH", how)));
        let secure = Secure::with(&settings);
        let known = secure.authority.client("known");
        assert_eq!(status(&secure, Some(&known)).await, Some(200), "{how:?}");
        assert_eq!(status(&secure, None).await, without, "{how:?}");
        assert_eq!(status(&secure, Some(&foreign)).await, None, "{how:?}: signed by another");
        let server = secure.authority.server(&["server"], VALID);
        assert_eq!(status(&secure, Some(&server)).await, None, "{how:?}: for servers only");
    }
}

#[tokio::test]
async fn a_new_authority_is_taken_over_and_an_old_session_is_worth_nothing() {
    let secure = Secure::with(&[("TLS_CLIENT_CA_PATH", "{folder}/ca.crt")]);
    let (old, next) = (secure.authority.client("old"), Authority::new("The next one"));
    // The connection is not kept, its session is.
    let client = {
        let pem = [&*old.certificate, &old.key].concat();
        let identity = Identity::from_pem(pem.as_bytes()).expect("a certificate and its key");
        secure.client().identity(identity).pool_max_idle_per_host(0).http1_only().build().expect("a client")
    };
    assert_eq!(client.get(secure.url("/health")).send().await.expect("an answer").status(), 200);
    write(&secure.server.path("ca.crt"), &next.pem());
    let new = next.client("new");
    let start = Instant::now();
    while status(&secure, Some(&new)).await != Some(200) {
        assert!(start.elapsed() < LONG, "the new authority is not known");
        secure.server.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(client.get(secure.url("/health")).send().await.is_err(), "signed by the old one");
}
