//! Whose API is guarded, and how it is asked.

use std::sync::{Arc, Weak};
use std::time::Duration;

use http::{HeaderValue, Uri};
use tracing::info;

use crate::config;
use crate::upstream::{self, Checks, Examiner, Fault, Group, MakeGroups, Patiences, Server, Unusable};

pub(crate) struct Gateway {
    /// For whatever no route sends elsewhere.
    group: Option<Group>,
    pub(super) authorization: Option<HeaderValue>,
    pub(super) keep_host: bool,
    pub(super) patiences: Patiences,
    health_path: Option<Uri>,
    health_interval: Duration,
}

impl Gateway {
    /// # Errors
    /// There can be no TLS, and an upstream needs it.
    pub(crate) fn new(upstream: config::Upstream, make: &MakeGroups) -> Result<Self, Unusable> {
        let group = (!upstream.addresses.is_empty()).then(|| make.group(&upstream.addresses)).transpose()?;
        for address in &upstream.addresses {
            info!("what is not ours goes to {}", address.shown);
        }
        Ok(Self {
            group,
            authorization: upstream.authorization,
            keep_host: upstream.keep_host,
            patiences: Patiences { connect: upstream.connect_timeout, answer: upstream.timeout },
            health_path: upstream.health_path,
            health_interval: upstream.health_interval,
        })
    }

    /// The upstreams of every path that no route sends elsewhere.
    pub(crate) fn group(&self) -> Option<&Group> {
        self.group.as_ref()
    }

    /// The same, one by one.
    pub(crate) fn servers(&self) -> &[Arc<Server>] {
        self.group.as_ref().map_or(&[], Group::servers)
    }

    /// Connects to one of them, and says which version of HTTP it speaks.
    ///
    /// # Errors
    /// There is no connection.
    pub(crate) async fn reach(&self, server: &Arc<Server>) -> Result<&'static str, Fault> {
        upstream::reach(server, self.patiences.connect).await
    }

    /// What asks them how they are, if that is wanted.
    pub(crate) fn examiner(&self) -> Option<Examiner> {
        self.health_path.clone().map(|path| self.examiner_of(path))
    }

    /// What asks for this path.
    pub(crate) fn examiner_of(&self, path: Uri) -> Examiner {
        let checks = Checks { path, interval: self.health_interval };
        Examiner { checks, connect: self.patiences.connect, authorization: self.authorization.clone() }
    }
}

/// These upstreams, for whoever looks after them for as long as they are in use.
pub(crate) fn loosely(servers: &[Arc<Server>]) -> Vec<Weak<Server>> {
    servers.iter().map(Arc::downgrade).collect()
}
