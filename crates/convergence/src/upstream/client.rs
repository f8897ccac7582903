//! One upstream is asked: over a kept connection if there is one, else over a new one.

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use super::address::Speaks;
use super::connect;
use super::exchange::Exchange;
use super::fault::Fault;
use super::group::Server;
use super::http1::{Failed, Link};
use super::http2::Session;
use super::message::{AnswerHead, Message};
use super::outgoing::Outgoing;
use super::pool::Pool;

/// How long an upstream is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Patiences {
    /// For a connection, with all that belongs to it.
    pub(crate) connect: Duration,
    /// For an answer to begin after the request has been sent, and between two pieces of it.
    pub(crate) answer: Duration,
}

/// Asks this upstream; over HTTP/1 if the client wants to switch protocols (`upgrades`). As long as kept connections turn
/// out to be closed before anything was sent, over the next. After one that was closed later, which may have been on its way,
/// what may be done twice goes over a new one (RFC 9112, 9.3.1): so nothing is sent more than twice.
///
/// # Errors
/// There is no answer.
pub(crate) async fn ask(
    pool: &Pool,
    server: &Arc<Server>,
    message: &Message<'_>,
    upgrades: bool,
    mut body: Outgoing,
    patiences: Patiences,
) -> Result<(AnswerHead, Exchange), Failed> {
    if upgrades && server.address.speaks == Speaks::Http2 {
        return Err(Failed { fault: Fault::NoUpgrade, unsent: true, body: Some(body) });
    }
    let mut anew = false;
    loop {
        let (way, kept) = match find(pool, server, upgrades, anew, patiences.connect).await {
            Ok(found) => found,
            Err(fault) => return Err(Failed { fault, unsent: true, body: Some(body) }),
        };
        let answered = match way {
            Way::Http1(link) => {
                let answered = link.ask(message, body, patiences.answer).await;
                answered.map(|(head, exchange)| (head, Exchange::Http1(exchange)))
            }
            Way::Http2(session) => {
                // Boxed, as is making a connection: or else requests over kept ones of HTTP/1 carry the room for it.
                let answered = Box::pin(session.ask(message, body, patiences.answer)).await;
                answered.map(|(head, exchange)| (head, Exchange::Http2(exchange)))
            }
        };
        match answered {
            Err(Failed { fault: Fault::Closed(_) | Fault::Stale, body: Some(again), unsent })
                if kept && (unsent || is_idempotent(message.method)) =>
            {
                (body, anew) = (again, !unsent);
            }
            answered => return answered,
        }
    }
}

/// Connects, and says which version of HTTP would be spoken.
///
/// # Errors
/// There is no connection.
pub(crate) async fn reach(server: &Arc<Server>, patience: Duration) -> Result<&'static str, Fault> {
    Ok(match find(&Pool::default(), server, false, false, patience).await? {
        (Way::Http1(_), _) => "HTTP/1.1",
        (Way::Http2(_), _) => "HTTP/2",
    })
}

/// RFC 9110, 9.2.2.
fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE)
}

/// What a request goes over.
enum Way {
    /// A connection of its own.
    Http1(Link),
    /// One that others use as well.
    Http2(Session),
}

/// A way to this upstream, and whether it was there already, which one that is wanted `anew` is not.
async fn find(
    pool: &Pool,
    server: &Arc<Server>,
    only_http1: bool,
    anew: bool,
    patience: Duration,
) -> Result<(Way, bool), Fault> {
    if !anew && let Some(way) = kept(pool, server, only_http1) {
        return Ok((way, true));
    }
    let connecting = Box::pin(async {
        if anew || only_http1 || !pool.may_be_http2(server) {
            return connect(pool, server, only_http1).await.map(|way| (way, false));
        }
        // One connection may be enough for all that wait.
        let turn = pool.turn(server);
        let _turn = turn.lock().await;
        match kept(pool, server, only_http1) {
            Some(way) => Ok((way, true)),
            None => connect(pool, server, only_http1).await.map(|way| (way, false)),
        }
    });
    let connected = tokio::time::timeout(patience, connecting).await;
    connected.unwrap_or_else(|_| Err(Fault::ConnectTimeout(patience.as_secs())))
}

fn kept(pool: &Pool, server: &Arc<Server>, only_http1: bool) -> Option<Way> {
    let may_share = !only_http1 && server.address.speaks != Speaks::Http1;
    let session = if may_share { pool.session(server) } else { None };
    session.map(Way::Http2).or_else(|| pool.take(server).map(Way::Http1))
}

async fn connect(pool: &Pool, server: &Arc<Server>, only_http1: bool) -> Result<Way, Fault> {
    let opened = connect::open(server, only_http1).await?;
    if !only_http1 {
        pool.speaks_http2(server, opened.http2);
    }
    if !opened.http2 {
        return Ok(Way::Http1(Link::new(opened.stream)));
    }
    let session = Session::begin(opened.stream).await?;
    pool.put_session(server, session.clone());
    Ok(Way::Http2(session))
}
