//! Every key in turn, and every answer looked at: nobody is measured while failing.

use std::cell::Cell;
use std::rc::Rc;

use anyhow::ensure;
use bytes::Bytes;
use http::{Response, StatusCode};
use tokio::task::spawn_local;

use crate::client::Target;
use crate::given::Given;
use crate::keys::{self, Row};

/// What a right answer is.
#[derive(Clone, Copy)]
struct Expected {
    /// The answer names the client (`name=no`: nobody asked for a key).
    name: bool,
    /// The body is the name that the upstream was told (`body=name`).
    body: bool,
    /// Keys with a limit of one request a minute have had it (`spent=yes`).
    spent: bool,
}

pub(crate) async fn run(given: &Given) -> anyhow::Result<()> {
    let target = Target::new(given)?;
    let rows = Rc::new(keys::read(given.needed("keys")?)?);
    let count = given.number_or("count", rows.len())?;
    let expected = Expected {
        name: given.text("name") != Some("no"),
        body: given.text("body") == Some("name"),
        spent: given.text("spent") == Some("yes"),
    };
    let turn = Rc::new(Cell::new(0));
    let mut tasks = Vec::new();
    for _ in 0..given.number_or("connections", 64)? {
        let (target, rows, turn) = (target.clone(), Rc::clone(&rows), Rc::clone(&turn));
        tasks.push(spawn_local(async move {
            let mut connection = target.connect().await?;
            while turn.get() < count {
                let row = &rows[turn.replace(turn.get() + 1) % rows.len()];
                judge(&connection.ask(row).await?, row, expected)?;
            }
            anyhow::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

fn judge(answer: &Response<Bytes>, row: &Row, expected: Expected) -> anyhow::Result<()> {
    let refused = expected.spent && row.limit == 1;
    let status = if refused { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
    let (client, body) = (&row.client, answer.body());
    let said = String::from_utf8_lossy(&body[..body.len().min(200)]);
    ensure!(answer.status() == status, "{client}: {}, not {status}: {said}", answer.status());
    if expected.name {
        let named = answer.headers().get("x-client-name").map(http::HeaderValue::as_bytes);
        ensure!(named == Some(client.as_bytes()), "{client}: not named in the answer");
    }
    if expected.body && !refused {
        ensure!(body == client.as_bytes(), "{client}: the upstream was told {said}");
    }
    Ok(())
}
