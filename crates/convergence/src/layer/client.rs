//! What a handler is told of whoever calls it.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gate::WINDOW_SECONDS;
use http::Response;

use crate::app::App;
use crate::http::{Caller, RequestId, finished};

/// Where a request comes from. Put it into the request's extensions, outside of the
/// [`ApiKeyLayer`](crate::ApiKeyLayer): the layer sees no connection. Without it keys with `allowed_ips` are refused, and
/// failed attempts are not counted (`AUTH_FAILURE_LIMIT`). Where the connection is a trusted proxy's (`TRUSTED_PROXIES`), the
/// address is the one that the proxy tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Who called: in the extensions of every request that an [`ApiKeyLayer`](crate::ApiKeyLayer) has let through. It holds no
/// key.
///
/// In axum, ask for it as an extractor, `Extension(client): Extension<Client>`. In tonic and hyper, ask the request:
/// `request.extensions().get::<Client>()`.
#[derive(Clone)]
pub struct Client {
    caller: Caller,
    app: Arc<App>,
}

impl Client {
    pub(super) fn new(caller: Caller, app: Arc<App>) -> Self {
        Self { caller, app }
    }

    /// `client_name`, as the keys table has it. `None` only if the door is open, by the settings
    /// ([`Mode::Disabled`](crate::Mode::Disabled) and [`Mode::Fallback`](crate::Mode::Fallback)): then nobody is asked for
    /// a key, and nobody has a name.
    pub fn name(&self) -> Option<&str> {
        self.caller.client()
    }

    /// The requests that the key allows in a minute; `None` where it has no limit.
    pub fn limit(&self) -> Option<u32> {
        self.caller.quotas().minute.map(|quota| quota.limit)
    }

    /// How many of them are left, this request counted.
    pub fn remaining(&self) -> Option<u32> {
        self.caller.quotas().minute.map(|quota| quota.remaining)
    }

    /// When there will be more of them again, in whole seconds from this request.
    pub fn reset(&self) -> Option<Duration> {
        let seconds = self.caller.quotas().minute?.reset_seconds.min(WINDOW_SECONDS);
        Some(Duration::from_secs(seconds.into()))
    }

    /// Counts the call as failed.
    pub(super) fn record_failure(&self) {
        self.caller.record_failure(&self.app);
    }

    /// Stamps its answer, and counts the call as failed if it has.
    pub(super) fn finish<B>(&self, answer: Response<B>, id: RequestId) -> Response<B> {
        finished(&self.app, answer, &self.caller, id)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Client");
        shown.field("name", &self.name()).field("limit", &self.limit()).field("remaining", &self.remaining());
        shown.finish_non_exhaustive()
    }
}
