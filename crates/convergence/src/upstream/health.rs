//! Health checks: each upstream is asked for one path from time to time, so that no request has to find out that it is ill.
//! Over a new connection each time, since it is what a new request may need.

use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use http::header::{AUTHORIZATION, HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tracing::{info, warn};

use super::client::{self, Patiences};
use super::group::Server;
use super::http1::Failed;
use super::message::{Headers, Message};
use super::outgoing::Outgoing;
use super::pool::Pool;
use crate::clock::Clock;

/// Failures in a row after which an upstream is ill. One success makes it well.
const TOO_MANY: u32 = 2;

/// What is asked, and how often.
#[derive(Clone)]
pub(crate) struct Checks {
    /// `UPSTREAM_HEALTH_PATH`.
    pub(crate) path: Uri,
    /// `UPSTREAM_HEALTH_INTERVAL`: between two checks, and what an answer may take.
    pub(crate) interval: Duration,
}

/// Asks upstreams how they are.
#[derive(Clone)]
pub(crate) struct Examiner {
    pub(crate) checks: Checks,
    /// For a connection.
    pub(crate) connect: Duration,
    /// `UPSTREAM_AUTHORIZATION`, which goes with requests as well.
    pub(crate) authorization: Option<HeaderValue>,
}

impl Examiner {
    /// Looks after these upstreams for as long as there are any.
    pub(crate) async fn look_after(self, servers: Vec<Weak<Server>>, clock: Arc<dyn Clock>) {
        join_all(servers.into_iter().map(|server| watch(&self, server, &*clock))).await;
    }

    /// Asks once.
    ///
    /// # Errors
    /// What is wrong, for the operator.
    pub(crate) async fn examine(&self, server: &Arc<Server>) -> Result<StatusCode, String> {
        let patiences = Patiences { connect: self.connect, answer: self.checks.interval };
        let pool: Rc<Pool> = Rc::default();
        let path = self.checks.path.path_and_query().cloned();
        let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let (target, headers) = (server.address.target(&path), self.headers(server));
        let message = Message { method: &Method::GET, target: &target, headers: &headers };
        match client::ask(&pool, server, &message, false, Outgoing::none(), patiences).await {
            Ok((head, _)) if head.status.is_success() || head.status.is_redirection() => Ok(head.status),
            Ok((head, _)) => Err(format!("it answers {} with {}", self.checks.path, head.status)),
            Err(Failed { fault, .. }) => Err(fault.to_string()),
        }
    }

    fn headers(&self, server: &Server) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, server.address.host.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static("convergence"));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        headers
    }
}

impl Headers for HeaderMap {
    fn each(&self, emit: &mut dyn FnMut(&[u8], &[u8])) {
        self.iter().for_each(|(name, value)| emit(name.as_ref(), value.as_bytes()));
    }
}

async fn watch(examiner: &Examiner, server: Weak<Server>, clock: &dyn Clock) {
    let mut failures = 0_u32;
    while let Some(server) = server.upgrade() {
        // Begun before the check, so that the checks keep their distance whatever one takes.
        let pause = clock.sleep(examiner.checks.interval);
        let found = examiner.examine(&server).await;
        let shown = &server.address.shown;
        match found {
            Ok(_) => {
                if failures >= TOO_MANY {
                    info!("the upstream {shown} is well again");
                }
                failures = 0;
            }
            Err(wrong) => {
                failures = failures.saturating_add(1);
                if failures == TOO_MANY {
                    warn!("the upstream {shown} is ill, so others are asked first: {wrong}");
                }
            }
        }
        server.set_ill(failures >= TOO_MANY);
        drop(server);
        pause.await;
    }
}
