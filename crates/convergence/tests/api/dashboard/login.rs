//! Who may see it where there is a token.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, redirect};

use crate::support::{Answer, EXAMPLE, TestServer, csv};

const TOKEN: &str = "let-me-in";

async fn guarded() -> TestServer {
    TestServer::with_keys_and(&csv(&[EXAMPLE]), &[("ADMIN_TOKEN", TOKEN)]).await
}

/// A browser that shows each step.
fn browser() -> Client {
    Client::builder().no_proxy().redirect(redirect::Policy::none()).build().expect("a client")
}

impl TestServer {
    fn browse(&self, method: Method, path: &str) -> RequestBuilder {
        browser().request(method, format!("{}{path}", self.admin_url)).header("accept", "text/html,*/*")
    }

    /// Sends the form with a token.
    fn form(&self, token: &str) -> RequestBuilder {
        let form = [("token", token), ("next", "/?range=7d")];
        self.browse(Method::POST, "/login").header("origin", &self.admin_url).form(&form)
    }

    /// Logs in, and returns what the browser sends from then on.
    async fn log_in(&self) -> String {
        let answer = self.send(self.form(TOKEN)).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/?range=7d")), "{answer}");
        let cookie = answer.header("set-cookie").expect("a session");
        cookie.split(';').next().expect("a pair").to_owned()
    }
}

fn status(answer: &Answer) -> (u16, Option<&str>) {
    (answer.status, answer.header("location"))
}

#[tokio::test]
async fn a_browser_is_led_to_the_form_and_a_program_is_told_of_the_header() {
    let server = guarded().await;
    let answer = server.send(server.browse(Method::GET, "/?range=7d&q=a b")).await;
    assert_eq!(status(&answer), (303, Some("/login?next=%2F%3Frange%3D7d%26q%3Da%2520b")));
    let form = server.send(server.browse(Method::GET, "/login?next=%2F%3Frange%3D7d")).await;
    let html = String::from_utf8(form.body).expect("UTF-8");
    assert!(html.contains(r#"name="next" value="/?range=7d""#), "{html}");
    assert!(form.headers.contains_key("content-security-policy"));
    let elsewhere = server.send(server.browse(Method::GET, "/login?next=https://evil.example")).await;
    assert!(String::from_utf8_lossy(&elsewhere.body).contains(r#"name="next" value="/""#));
    for path in ["/", "/dashboard/use", "/dashboard/live", "/metrics"] {
        let answer = server.send(server.admin(Method::GET, path)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "admin_token_required"), "{path}");
        assert!(answer.headers.contains_key("www-authenticate"));
        let answer = server.send(server.admin(Method::HEAD, path).bearer_auth(TOKEN)).await;
        assert!(answer.status == 200 || answer.status == 405, "{path}: {}", answer.status);
    }
    assert_eq!(
        server.send(server.browse(Method::GET, "/assets/admin.css")).await.status,
        200,
        "the form needs it"
    );
    let open = TestServer::with_keys(&csv(&[EXAMPLE])).await;
    assert_eq!(status(&open.send(open.browse(Method::GET, "/login")).await), (303, Some("/")));
}

#[tokio::test]
async fn a_session_opens_everything_until_it_ends() {
    let server = guarded().await;
    let cookie = server.log_in().await;
    let other = server.log_in().await;
    assert_ne!(cookie, other);
    let get = |cookie: &str, path: &str| {
        server.send(server.browse(Method::GET, path).header("cookie", format!("a=b; {cookie}; c=d")))
    };
    for path in ["/", "/dashboard/use", "/usage", "/metrics"] {
        assert_eq!(get(&cookie, path).await.status, 200, "{path}");
    }
    for wrong in
        ["convergence_admin=", "convergence_admin=0", &cookie[..cookie.len() - 1], &format!("{cookie}0")]
    {
        assert_eq!(get(wrong, "/").await.status, 303, "{wrong}");
    }
    let refresh = |origin: Option<String>| {
        let request = server.browse(Method::POST, "/refresh").header("cookie", &cookie);
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        server.send(request)
    };
    assert_eq!(refresh(Some(server.admin_url.clone())).await.status, 200);
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        assert_eq!(refresh(Some(origin.to_owned())).await.status, 403, "{origin}");
    }
    let out = server.browse(Method::POST, "/logout").header("cookie", &cookie);
    let out = server.send(out.header("origin", &server.admin_url)).await;
    assert_eq!(status(&out), (303, Some("/login")));
    assert!(out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    assert_eq!(get(&cookie, "/").await.status, 303, "it is over");
    assert_eq!(get(&other, "/").await.status, 200, "another's is not");
    server.clock.advance(Duration::from_hours(12));
    assert_eq!(get(&other, "/").await.status, 303, "it is old");
}

#[tokio::test]
async fn wrong_tokens_are_refused_counted_and_held_up() {
    let server = guarded().await;
    let foreign = server.form(TOKEN).header("origin", "http://evil.example");
    assert_eq!(server.send(foreign).await.status, 403, "a form of another site");
    let huge = server.browse(Method::POST, "/login").body(format!("token={}", "x".repeat(100_000)));
    assert_eq!(server.send(huge).await.status, 401);
    for wrong in ["", "let-me-i", "let-me-in2", "LET-ME-IN"] {
        let answer = server.send(server.form(wrong)).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (401, None), "{wrong}");
        let html = String::from_utf8(answer.body).expect("UTF-8");
        assert!(
            html.contains("This is not the token.") && (wrong.is_empty() || !html.contains(wrong)),
            "{html}"
        );
    }
    assert_eq!(server.send(server.form(" let-me-in ")).await.status, 303, "as it is pasted");
    for _ in 0..5 {
        let answer = server.send(server.admin(Method::GET, "/metrics").bearer_auth("a guess")).await;
        assert_eq!(answer.status, 401);
    }
    let session = server.log_in_or_wait().await;
    assert_eq!(session, 429, "ten were wrong: not even the right one is looked at");
    let answer = server.send(server.admin(Method::GET, "/metrics").bearer_auth(TOKEN)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("61")));
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(server.log_in_or_wait().await, 303);
}

impl TestServer {
    async fn log_in_or_wait(&self) -> u16 {
        self.send(self.form(TOKEN)).await.status
    }
}

#[tokio::test]
async fn behind_tls_the_cookie_is_for_tls_alone() {
    let server = guarded().await;
    for (header, value) in [("x-forwarded-proto", "https"), ("forwarded", "for=10.0.0.1;proto=https")] {
        let answer = server.send(server.form(TOKEN).header(header, value)).await;
        let cookie = answer.header("set-cookie").expect("a session");
        assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly; SameSite=Strict"), "{cookie}");
    }
    let answer = server.send(server.form(TOKEN)).await;
    assert!(answer.header("set-cookie").is_some_and(|cookie| !cookie.contains("Secure")));
}
