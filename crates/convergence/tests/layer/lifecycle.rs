//! An engine from its start to its end: settings, the open door, keys that change, and the stop.

use std::process::Command;
use std::time::{Duration, Instant};

use axum::routing::get;
use axum::{Extension, Router};
use convergence::{Client, Engine, Mode, Settings};

use crate::support::{self, DEADLINE, Folder, KEY, Service};

fn greeting(engine: &Engine) -> Router {
    let hello = async |Extension(client): Extension<Client>| format!("{:?}", client.name());
    Router::new().route("/", get(hello)).layer(engine.layer())
}

#[test]
fn all_faults_come_at_once_and_no_value_is_shown() {
    let mut settings = Settings::default();
    settings.set("AUTH_ENABLED", "perhaps").set("API_KEY_CACHE_DURATION", "soon");
    let error = Engine::start(&settings).expect_err("two faults");
    let names: Vec<&str> = error.faults().iter().map(|fault| fault.variable.as_str()).collect();
    assert_eq!(names, ["API_KEY_CACHE_DURATION", "AUTH_ENABLED"]);
    assert!(!error.to_string().contains("perhaps") && !error.to_string().contains("soon"), "{error}");
}

#[test]
fn p21_a_closed_door_does_not_start_without_keys() {
    let mut settings = Settings::default();
    settings.set("AUTH_ENABLED", "true").set("AUTH_FALLBACK", "closed");
    let error = Engine::start(&settings).expect_err("no keys are configured");
    assert_eq!(error.faults()[0].variable, "AUTH_FALLBACK");
}

#[test]
fn a_fault_in_a_setting_of_the_server_is_no_reason_not_to_start() {
    let folder = Folder::new();
    let mut settings = folder.settings();
    settings.set("API_PORT", "http").set("ADMIN_HOST", "0.0.0.0");
    Engine::start(&settings).expect("these are not read").stop();
}

#[tokio::test]
async fn p01_p21_an_open_door_is_a_named_state() {
    let folder = Folder::new();
    let mut settings = Settings::default();
    settings.set("DATA_DIR", folder.path("data"));
    for (enabled, mode, why) in [
        ("false", Mode::Disabled, "AUTH_ENABLED is not true"),
        ("true", Mode::Fallback, "neither KEYS_FILE nor GOOGLE_CREDENTIALS_PATH and GOOGLE_SHEET_ID are set"),
    ] {
        let engine = Engine::start(settings.set("AUTH_ENABLED", enabled)).expect("an open door");
        let status = engine.status();
        assert_eq!((status.mode(), status.reason()), (mode, Some(why)));
        assert!(status.mode().is_open());
        let service = Service::start(greeting(&engine)).await;
        let answer = support::get(&service.url, None).await;
        assert_eq!((answer.status().as_u16(), answer.headers().get("x-client-name")), (200, None));
        assert_eq!(answer.text().await.expect("a body"), "None");
        service.stop().await;
    }
}

/// In a process of its own, since this one may have a log.
#[test]
fn p01_p21_without_a_log_an_open_door_is_said_on_standard_error() {
    let test = std::env::current_exe().expect("this test's program");
    let output = Command::new(test)
        .args(["--ignored", "--exact", "lifecycle::an_open_door"])
        .arg("--nocapture")
        .output();
    let said = String::from_utf8(output.expect("it runs").stderr).expect("UTF-8");
    assert!(said.contains("every request is allowed, without a key: AUTH_ENABLED is not true"), "{said}");
}

#[test]
#[ignore = "run by the test above"]
fn an_open_door() {
    let folder = Folder::new();
    let mut settings = Settings::default();
    Engine::start(settings.set("DATA_DIR", folder.path("data"))).expect("an open door").stop();
}

#[tokio::test]
async fn p19_a_revoked_key_stops_working_while_the_service_runs() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let service = Service::start(greeting(&engine)).await;
    assert_eq!(service.get("/", KEY).await.status().as_u16(), 200);
    folder.save_keys(&format!("api_key,client_name,is_active\n{KEY},MyApp Production,FALSE\n"));
    let start = Instant::now();
    while service.get("/", KEY).await.status().as_u16() != 401 {
        assert!(start.elapsed() < DEADLINE, "it still works");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn p22_an_engine_that_has_stopped_lets_nobody_through() {
    let folder = Folder::new();
    let engine = folder.engine().await;
    let service = Service::start(greeting(&engine)).await;
    assert_eq!(service.get("/", KEY).await.status().as_u16(), 200);
    drop(engine);
    let answer = service.get("/", KEY).await;
    assert_eq!(answer.status().as_u16(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    // What was used is not lost, and another engine goes on counting from there.
    let engine = folder.engine().await;
    let another = Service::start(greeting(&engine)).await;
    assert_eq!(another.get("/", KEY).await.status().as_u16(), 200);
    engine.stop();
    assert_eq!(folder.usage(), [("MyApp Production".to_owned(), (2, 0))].into());
}

#[test]
fn p22_keys_that_cannot_be_read_let_nobody_through_and_say_why() {
    let folder = Folder::new();
    let mut settings = folder.settings();
    settings.set("KEYS_FILE", folder.path("nowhere.csv"));
    let engine = Engine::start(&settings).expect("it starts all the same");
    let start = Instant::now();
    loop {
        let status = engine.status();
        assert_eq!(status.mode(), Mode::Unavailable);
        let reason = status.reason().expect("why nobody is let through").to_owned();
        if reason != "the keys have not been read yet" {
            assert_eq!(reason, "the keys file cannot be read");
            break;
        }
        assert!(start.elapsed() < DEADLINE, "{reason}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
