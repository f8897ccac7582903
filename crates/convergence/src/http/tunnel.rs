//! A connection that HTTP has left: after 101 (Switching Protocols) its bytes belong to whoever asked for them.

use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use super::life::Busy;
use super::rewound::Rewound;

/// What is done with the connection once the answer with 101 is written. The connection ends with it, keeps its slot
/// until then, and is cut where it outlives `DRAIN_TIMEOUT` or the client takes nothing for `IDLE_TIMEOUT`. For as long as it
/// keeps the [`Busy`] it may be silent.
pub(super) type Tunnel = Box<dyn FnOnce(Upgraded, Busy) -> LocalBoxFuture<'static, ()>>;

/// The client's side of a tunnel, from its first byte after the request.
pub(super) type Upgraded = Rewound<Box<dyn Stream>>;

/// Any connection's stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}
