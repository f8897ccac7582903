//! Upgrades, over a pipe.

use std::cell::Cell;

use http::header::UPGRADE;
use http::{Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::LocalSet;

use super::*;
use crate::config::{Config, Settings};
use crate::http::body::Answer;
use crate::http::life::Patience;
use crate::http::lives::Lives;
use crate::http::stamp::Stamp;
use crate::http::tunnel::Upgraded;
use crate::http::underway::Underway;
use crate::http::watched::Watched;

const UPGRADING: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nfirst ";

fn listen() -> Listen {
    let config = Config::read(&Settings::default()).unwrap_or_else(|_| panic!("no setting has no fault"));
    config.listen
}

/// Serves one end of a pipe: answers with 101 and then repeats what comes, to its end, and there `hangs_up` or says nothing
/// more. The other end, and whether the first has been served to its end.
fn echo(lives: &Lives, local: &LocalSet, hangs_up: bool) -> (DuplexStream, Rc<Life>, Rc<Cell<bool>>) {
    let (client, server) = duplex(64);
    let (life, ended) = (lives.begin(), Rc::new(Cell::new(false)));
    let (of_server, at_end) = (Rc::clone(&life), Rc::clone(&ended));
    local.spawn_local(async move {
        let answer = async move |_| {
            let tunnel: Tunnel = Box::new(move |upgraded: Upgraded, busy| {
                Box::pin(async move {
                    let (mut from, mut to) = tokio::io::split(upgraded);
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                    drop(busy);
                    if !hangs_up {
                        std::future::pending::<()>().await;
                    }
                })
            });
            let mut answer = Response::new(Answer::empty());
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            answer.headers_mut().insert(UPGRADE, "echo".parse().expect("a word"));
            let stamp = Stamp::own(Underway::nobodys());
            Reply { tunnel: Some(tunnel), ..Reply::new(answer, stamp) }
        };
        let stream = Watched::new(server, Rc::clone(&of_server));
        let _ = drive(&of_server, &listen(), &Date::at(0), stream, Bytes::new(), answer).await;
        at_end.set(true);
    });
    (client, life, ended)
}

async fn upgraded(client: &mut DuplexStream) {
    client.write_all(UPGRADING).await.expect("a request");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.expect("an answer"));
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    let mut first = [0; 6];
    client.read_exact(&mut first).await.expect("what came with the request");
    assert_eq!(&first, b"first ");
}

#[tokio::test]
async fn an_upgraded_connection_may_be_silent_and_ends_with_the_client() {
    let (lives, local) = (Lives::new(&listen()), LocalSet::new());
    let (mut client, life, ended) = echo(&lives, &local, true);
    local
        .run_until(async {
            upgraded(&mut client).await;
            (0..100_000).for_each(|_| lives.look());
            client.write_all(b"second").await.expect("it is still there");
            let mut second = [0; 6];
            client.read_exact(&mut second).await.expect("and answers");
            assert_eq!(&second, b"second");
            life.drain(Patience { header: 1, idle: 1, last: 1 });
            client.write_all(b"third").await.expect("a stop leaves it its time");
            assert!(!ended.get());
            drop(client);
        })
        .await;
    local.await;
    assert!(ended.get());
}

#[tokio::test]
async fn an_upgraded_client_that_takes_nothing_is_cut() {
    let (lives, local) = (Lives::new(&listen()), LocalSet::new());
    let (mut client, _life, ended) = echo(&lives, &local, true);
    local
        .run_until(async {
            upgraded(&mut client).await;
            // More than both directions of the pipe hold: the echo gets stuck, and then so do we.
            let more = vec![b'x'; 100_000];
            let stuck = client.write_all(&more);
            let looking = async {
                while !ended.get() {
                    lives.look();
                    tokio::task::yield_now().await;
                }
            };
            let (written, ()) = tokio::join!(stuck, looking);
            assert!(written.is_err(), "the server has hung up");
        })
        .await;
    local.await;
}

#[tokio::test]
async fn an_upgraded_connection_of_which_one_end_has_gone_may_not_be_silent_for_ever() {
    let (lives, local) = (Lives::new(&listen()), LocalSet::new());
    let (mut client, _life, ended) = echo(&lives, &local, false);
    local
        .run_until(async {
            upgraded(&mut client).await;
            client.shutdown().await.expect("it ends in good order");
            let mut looks = 0;
            while !ended.get() {
                lives.look();
                looks += 1;
                assert!(looks < 10_000, "it is still open");
                tokio::task::yield_now().await;
            }
            let patient = listen().idle_timeout.as_millis() / 250;
            assert!(looks >= patient, "{looks}");
        })
        .await;
    local.await;
}
