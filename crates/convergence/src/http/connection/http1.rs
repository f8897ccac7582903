//! HTTP/1 on one connection, and what a connection is upgraded to.

mod answer;
mod client;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use self::answer::{Question, Ready};
use self::client::{Asked, Client, Writer};
use super::obeying;
use crate::config::Listen;
use crate::http::body::Answer;
use crate::http::date::Date;
use crate::http::farewell;
use crate::http::framing::Fault;
use crate::http::life::{Busy, Life, Order};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::rewound::Rewound;
use crate::http::tunnel::{Stream, Tunnel};
use crate::wire::RequestBody;
use crate::wire::sending::{Sending, Unsent};

/// How much more is read from a client whose framing is refused, and for how long; and of a body that nobody wants.
const LAST_BYTES: u64 = 65_536;
const LAST_MOMENT: Duration = Duration::from_secs(1);
const UNWANTED: usize = 65_536;

/// Serves requests until the client or the life ends it, and then the tunnel where there is one. `read` has come already.
///
/// # Errors
/// The client broke off.
pub(in crate::http) async fn drive<S: Stream + 'static>(
    life: &Rc<Life>,
    listen: &Listen,
    date: &Date,
    stream: S,
    read: Bytes,
    answer: impl AsyncFn(Result<Request, Fault>) -> Reply,
) -> io::Result<()> {
    let client = Rc::new(RefCell::new(Client::new(stream, read, listen.max_header_bytes)));
    let end = {
        let mut serving = pin!(serve(life, date, &client, answer));
        let Some(end) = obeying(life, |_, context| serving.as_mut().poll(context)).await else {
            return Ok(());
        };
        end?
    };
    // A body that somebody keeps has the connection to itself.
    let Some(client) = Rc::into_inner(client).map(RefCell::into_inner) else { return Ok(()) };
    let (stream, read) = client.into_parts();
    // In a box: most connections have no such end.
    Box::pin(see_out(life, end, stream, read)).await;
    Ok(())
}

/// How HTTP ends on a connection.
enum End {
    /// The client has gone.
    Gone,
    /// It has been told that there is no more, or need not be told.
    Closed,
    /// The same, and it may still be sending.
    Refused,
    /// Something else than HTTP follows.
    Tunnel(Tunnel),
}

async fn serve<S: Stream + 'static>(
    life: &Rc<Life>,
    date: &Date,
    client: &Rc<RefCell<Client<S>>>,
    answer: impl AsyncFn(Result<Request, Fault>) -> Reply,
) -> io::Result<End> {
    let mut words = Vec::new();
    loop {
        let asked = poll_fn(|context| poll_request(life, &mut client.borrow_mut(), context)).await?;
        let Some(asked) = asked else { return Ok(End::Closed) };
        let busy = Busy::with(life);
        let last = says_last(life);
        let question = asked.as_ref().map_or_else(|_| Question::unclear(), Question::of);
        let request = asked.map(|Asked { head, .. }| Request { head, body: body(client) });
        let reply = {
            let mut answering = pin!(answer(request));
            poll_fn(|context| match answering.as_mut().poll(context) {
                Poll::Ready(reply) => Poll::Ready(Some(reply)),
                Poll::Pending => client.borrow_mut().poll_hang_up(context).map(|()| None),
            })
            .await
        };
        let Some(reply) = reply else { return Ok(End::Gone) };
        poll_fn(|context| client.borrow_mut().poll_begun(context)).await?;
        let last = last || says_last(life) || client.borrow().is_of_no_more_use();
        let Ready { mut sending, underway, tunnel, persists, until_close } =
            answer::ready(words, reply, &question, last, date);
        let sent = poll_fn(|context| poll_sending(&mut sending, client, context)).await;
        if until_close && sent.is_err() {
            life.cut();
        }
        let sent = sent?;
        if !sent {
            return Ok(End::Gone);
        }
        underway.is_sent();
        drop(underway);
        if let Some(tunnel) = tunnel {
            return Ok(End::Tunnel(tunnel));
        }
        words = sending.into_buffer();
        drop(busy);
        let mut most = UNWANTED;
        if !persists || !poll_fn(|context| client.borrow_mut().poll_rest(&mut most, context)).await {
            return Ok(if client.borrow().is_between() { End::Closed } else { End::Refused });
        }
        if !client.borrow().is_between() {
            life.bytes_came();
        }
    }
}

/// A connection that is to end does so before the next request, unless that has begun.
fn poll_request<S: Stream>(
    life: &Life,
    client: &mut Client<S>,
    context: &mut Context<'_>,
) -> Poll<io::Result<Option<Result<Asked, Fault>>>> {
    let request = client.poll_request(context);
    if request.is_pending() && life.order() == Order::Finish && client.is_between() {
        return Poll::Ready(Ok(None));
    }
    request
}

/// Whether all of it could be sent: the client may hang up meanwhile, and a body that breaks off must not look whole.
fn poll_sending<S: Stream>(
    sending: &mut Sending<Answer>,
    client: &RefCell<Client<S>>,
    context: &mut Context<'_>,
) -> Poll<io::Result<bool>> {
    match sending.poll(&mut Writer(client), context) {
        Poll::Ready(Ok(())) => Poll::Ready(Ok(true)),
        Poll::Ready(Err(Unsent::Io(error) | Unsent::Body(error))) => Poll::Ready(Err(error)),
        Poll::Pending => client.borrow_mut().poll_hang_up(context).map(|()| Ok(false)),
    }
}

/// Whether the connection ends with the present answer.
fn says_last(life: &Life) -> bool {
    life.says_close() || life.order() == Order::Finish
}

/// What is still to come of the present request.
fn body<S: Stream + 'static>(client: &Rc<RefCell<Client<S>>>) -> RequestBody {
    if client.borrow().has_ended() {
        return RequestBody::Empty;
    }
    RequestBody::Http1(Rc::clone(client) as Rc<_>)
}

/// What follows the last request.
async fn see_out(life: &Rc<Life>, end: End, mut stream: impl Stream + 'static, read: Bytes) {
    match end {
        End::Gone => {}
        End::Tunnel(tunnel) => {
            // Whichever way bytes go, they are a sign of life.
            life.frames();
            let mut through = tunnel(Rewound::new(read, Box::new(stream)), Busy::with(life));
            obeying(life, |_, context| through.as_mut().poll(context)).await;
        }
        End::Closed | End::Refused => {
            // The client may be gone already.
            let _ = obeying(life, |_, context| Pin::new(&mut stream).poll_shutdown(context)).await;
            if matches!(end, End::Refused) {
                let _ = tokio::time::timeout(LAST_MOMENT, farewell::read_off(stream, LAST_BYTES)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
