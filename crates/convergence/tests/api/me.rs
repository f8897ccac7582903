//! `/auth/me`: what a client is told of itself.

use insta::assert_snapshot;
use reqwest::Method;

use crate::support::TestServer;

const KEYS: &str = "api_key,client_name,is_active,rate_limit,rate_limit_day,expires_at\n\
                    k,Acme,yes,3,100,2026-01-31\nl,Acme,yes,,,\no,Other,yes,,,\n";

#[tokio::test]
async fn a_client_is_told_its_limits_its_use_and_when_its_key_ends() {
    let server = TestServer::with_keys(KEYS).await;
    for key in ["l", "o", "o"] {
        assert_eq!(server.verify(key).await.status, 200);
    }
    let me = |key| server.send(server.request(Method::GET, "/auth/me").bearer_auth(key));
    assert_snapshot!(me("k").await, @r#"
        200
        cache-control: no-store
        content-length: 471
        content-type: application/json
        ratelimit-policy: "default";q=3;w=60, "day";q=100;w=86400
        ratelimit: "default";r=1;t=60, "day";r=98;t=86400
        x-client-name: Acme

        {
          "audio_day": null,
          "client_name": "Acme",
          "expires_at": "2026-01-31T00:00:00Z",
          "key": "8254c329a928",
          "limits": [
            {
              "policy": "default",
              "remaining": 1,
              "requests": 3,
              "reset_seconds": 60,
              "window_seconds": 60
            },
            {
              "policy": "day",
              "remaining": 98,
              "requests": 100,
              "reset_seconds": 86400,
              "window_seconds": 86400
            }
          ],
          "usage": {
            "last_30_days": {
              "admitted": 2,
              "audio_seconds": 0.0,
              "failed": 0,
              "rate_limited": 0,
              "requests": 2
            },
            "today": {
              "admitted": 2,
              "audio_seconds": 0.0,
              "failed": 0,
              "rate_limited": 0,
              "requests": 2
            }
          }
        }
    "#);
    let unlimited = me("l").await.json();
    assert_eq!(
        (&unlimited["limits"], &unlimited["expires_at"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
    // It counts as a request, and is refused like any other.
    assert_eq!(me("k").await.code(), "rate_limit_exceeded");
    assert_eq!(me("nobody").await.status, 401);
    assert_eq!(server.send(server.request(Method::POST, "/auth/me").bearer_auth("l")).await.status, 405);
}

#[tokio::test]
async fn where_the_door_is_open_nobody_is_anybody() {
    let server = TestServer::with(&[("AUTH_ENABLED", "false")]);
    let me = server.get("/auth/me").await;
    assert_eq!((me.status, &me.json()["client_name"]), (200, &serde_json::Value::Null));
}
