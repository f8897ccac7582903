//! The way to Redis: who is there, whether it is what we need, and commands to it.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, RedisError, TlsCertificates, Value};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::probe;
use super::trouble::Trouble;
use crate::config::{Fault, Redis};

/// For a connection to be there: TCP, TLS, and the first words.
pub(super) const CONNECT: Duration = Duration::from_secs(1);

/// What the scripts need came with this version.
const OLDEST: (u32, u32) = (6, 2);

/// Whom to ask, and as whom. Holds a password.
pub(crate) struct Access {
    nodes: Vec<Client>,
    /// For those that turn out to be a cluster.
    cluster: ClusterClient,
    prefix: String,
}

/// An open connection; a copy is the same one.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Access {
    pub(super) fn new(redis: Redis) -> Result<Self, Fault> {
        let tls = certificates(&redis)?;
        let unusable = |error: &RedisError| Fault {
            variable: "REDIS_URL".to_owned(),
            wrong: error.category().to_owned(),
        };
        let mut cluster = ClusterClient::builder(redis.nodes.clone())
            .connection_timeout(CONNECT)
            .response_timeout(CONNECT)
            // What takes longer than the deadline is in vain.
            .retries(3)
            .max_retry_wait(20);
        if let Some(tls) = &tls {
            cluster = cluster.certs(tls.clone());
        }
        let cluster = cluster.build().map_err(|error| unusable(&error))?;
        let open = |node| match &tls {
            Some(tls) => Client::build_with_tls(node, tls.clone()),
            None => Client::open(node),
        };
        let nodes: Result<_, RedisError> = redis.nodes.into_iter().map(open).collect();
        Ok(Self { nodes: nodes.map_err(|error| unusable(&error))?, cluster, prefix: redis.prefix })
    }

    /// What all keys begin with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Connects to the first node that can be reached, looks at what it is, and if it is a cluster's, connects to that.
    ///
    /// # Errors
    /// None can be reached, or one cannot be used.
    pub(super) async fn connect(&self) -> Result<Connection, Trouble> {
        let mut last = Trouble::away("no node is known");
        for node in &self.nodes {
            match self.reach(node).await {
                Ok(connection) => return Ok(connection),
                Err(away @ Trouble::Away(_)) => last = away,
                Err(settings) => return Err(settings),
            }
        }
        Err(last)
    }

    async fn reach(&self, node: &Client) -> Result<Connection, Trouble> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(CONNECT))
            .set_pipeline_buffer_size(1024);
        let greeting = async {
            let mut connection = node.get_multiplexed_async_connection_with_config(&config).await?;
            let about: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
            Ok::<_, RedisError>((connection, about))
        };
        let (connection, about) = match greeting.await {
            Ok(greeted) => greeted,
            Err(error) => {
                let mistaken = probe::mistaken(node.get_connection_info().addr(), &error).await;
                return Err(mistaken.unwrap_or_else(|| Trouble::from(error)));
            }
        };
        check_version(&about)?;
        match said(&about, "redis_mode") {
            Some("cluster") => Ok(Connection::Cluster(self.cluster.get_async_connection().await?)),
            Some("sentinel") => Err(Trouble::settings(
                "is a Sentinel, which is not supported; name the address that always leads to the primary",
            )),
            _ if self.nodes.len() > 1 => Err(Trouble::settings(
                "names several servers, which is for a cluster, and the first that answers is no cluster's",
            )),
            _ => Ok(Connection::One(connection)),
        }
    }
}

impl Connection {
    /// What it leads to, in a word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Connection::One(_) => "one server",
            Connection::Cluster(_) => "a cluster",
        }
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Connection::Cluster(_))
    }

    /// All commands at once; an answer or an error to each.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) async fn send(
        &mut self,
        commands: Vec<Cmd>,
    ) -> Result<Vec<Result<Value, RedisError>>, RedisError> {
        match self {
            Connection::One(connection) => {
                let count = commands.len();
                let mut pipeline = redis::Pipeline::with_capacity(count);
                for command in commands {
                    pipeline.add_command(command);
                }
                let values = connection.send_packed_commands(&pipeline, 0, count).await?;
                Ok(values.into_iter().map(answer).collect())
            }
            // Each goes to the node that has its key; those of one node leave together.
            Connection::Cluster(connection) => {
                let one = |command: Cmd| {
                    let mut connection = connection.clone();
                    async move { connection.req_packed_command(&command).await.and_then(answer) }
                };
                Ok(join_all(commands.into_iter().map(one)).await)
            }
        }
    }
}

/// Scripts answer with numbers or with an error, and with no error among numbers.
fn answer(value: Value) -> Result<Value, RedisError> {
    match value {
        Value::ServerError(error) => Err(error.into()),
        value => Ok(value),
    }
}

/// A version is two numbers and more. Valkey says which Redis it is like, as do others that are like Redis.
fn check_version(about: &str) -> Result<(), Trouble> {
    let Some(version) = said(about, "redis_version") else {
        return Err(Trouble::settings("what answers there is not Redis, and does not say what it is like"));
    };
    let mut numbers = version.split('.').map(|number| number.parse::<u32>().ok());
    let (major, minor) = (numbers.next().flatten(), numbers.next().flatten());
    if major.zip(minor).is_some_and(|version| version < OLDEST) {
        let (major, minor) = OLDEST;
        let wrong =
            format!("the server is of a version before {major}.{minor}, which is the oldest that will do");
        return Err(Trouble::settings(wrong));
    }
    Ok(())
}

/// A line of `INFO`.
fn said<'a>(about: &'a str, name: &str) -> Option<&'a str> {
    about.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// The files for TLS, looked into before the library is: it does not say which of them it cannot use.
fn certificates(redis: &Redis) -> Result<Option<TlsCertificates>, Fault> {
    if !redis.tls {
        return Ok(None);
    }
    let certificates = |bytes: &[u8]| {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
        all.is_ok_and(|all| !all.is_empty())
    };
    let key = |bytes: &[u8]| PrivateKeyDer::from_pem_slice(bytes).is_ok();
    let root_cert = redis.authorities.as_ref().map(|path| pem("REDIS_CA_PATH", path, certificates));
    let client_tls = redis.identity.as_ref().map(|(certificate, its_key)| {
        let client_cert = pem("REDIS_CLIENT_CERT_PATH", certificate, certificates)?;
        let client_key = pem("REDIS_CLIENT_KEY_PATH", its_key, key)?;
        Ok(ClientTlsConfig { client_cert, client_key })
    });
    Ok(Some(TlsCertificates { client_tls: client_tls.transpose()?, root_cert: root_cert.transpose()? }))
}

fn pem(variable: &str, path: &Path, is_what_it_should_be: impl Fn(&[u8]) -> bool) -> Result<Vec<u8>, Fault> {
    let fault = |wrong| Fault { variable: variable.to_owned(), wrong: format!("{} {wrong}", path.display()) };
    let bytes = std::fs::read(path).map_err(|error| fault(format!("cannot be read: {error}")))?;
    if !is_what_it_should_be(&bytes) {
        return Err(fault("does not hold what it should, in PEM".to_owned()));
    }
    Ok(bytes)
}
