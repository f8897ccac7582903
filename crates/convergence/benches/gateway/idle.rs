//! Connections that have been used once and are kept open.

use std::io::Read;
use std::rc::Rc;

use anyhow::ensure;
use http::StatusCode;
use tokio::task::spawn_local;

use crate::client::{Connection, Target};
use crate::given::Given;
use crate::keys;

/// So many are opened at a time: fewer than any server's backlog.
const AT_A_TIME: usize = 50;

pub(crate) async fn run(given: &Given) -> anyhow::Result<()> {
    let target = Target::new(given)?;
    let rows = Rc::new(keys::read(given.needed("keys")?)?);
    let wanted: usize = given.number("connections")?;
    let mut open: Vec<Connection> = Vec::with_capacity(wanted);
    while open.len() < wanted {
        let next = open.len()..wanted.min(open.len() + AT_A_TIME);
        let begin = |number: usize| {
            let (target, rows) = (target.clone(), Rc::clone(&rows));
            spawn_local(async move {
                let mut connection = target.connect().await?;
                let status = connection.ask(&rows[number % rows.len()]).await?.status();
                ensure!(status == StatusCode::OK, "connection {number}: {status}");
                Ok(connection)
            })
        };
        for task in next.map(begin).collect::<Vec<_>>() {
            open.push(task.await??);
        }
    }
    println!("open");
    // The runtime waits with it, so nothing is sent or read meanwhile.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
