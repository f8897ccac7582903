//! What one thread asks in one turn of its loop: a call for each client, sent together.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::access::Connection;
use super::alone::Admitted;
use super::link::Verdict;
use super::script::{Call, ClientKey};
use super::trouble::Trouble;
use super::{DEADLINE, Fleet};

/// One request: to be decided, or admitted already.
pub(super) struct Ask {
    pub(super) client: ClientKey,
    pub(super) since: Instant,
    pub(super) wanted: Wanted,
}

pub(super) enum Wanted {
    /// Whoever waits for it learns from the end of the channel that there will be none.
    Verdict { limit: u32, reply: oneshot::Sender<Verdict> },
    /// To be recorded, and not waited for.
    Record,
}

/// Asks that go out together. What was admitted already and has not been recorded when this is dropped is kept, to be told
/// later: perhaps a second time, which holds the client back for a window at the most.
pub(super) struct Batch {
    fleet: Arc<Fleet>,
    asked: Vec<Asked>,
    /// When the first of it was asked; `None` where nobody waits.
    since: Option<Instant>,
}

/// All that is asked about one client.
struct Asked {
    call: Call,
    /// The uptime at which the last of those that are admitted already was.
    admitted_at: Duration,
    /// Who waits for a verdict, in the order of the call's limits.
    replies: Vec<oneshot::Sender<Verdict>>,
}

impl Batch {
    pub(super) fn of(fleet: &Arc<Fleet>, asks: impl IntoIterator<Item = Ask>) -> Self {
        let (mut asked, mut places) = (Vec::<Asked>::new(), HashMap::new());
        let admitted_at = fleet.clock.now().uptime;
        let mut since = None;
        for ask in asks {
            since.get_or_insert(ask.since);
            let place = *places.entry(ask.client).or_insert_with(|| {
                asked.push(Asked { call: Call::about(ask.client), admitted_at, replies: Vec::new() });
                asked.len() - 1
            });
            let Asked { call, replies, .. } = &mut asked[place];
            match ask.wanted {
                Wanted::Record => call.already += 1,
                Wanted::Verdict { limit, reply } => {
                    call.limits.push(limit);
                    replies.push(reply);
                }
            }
        }
        Self { fleet: Arc::clone(fleet), asked, since }
    }

    /// What a server has admitted alone, to be recorded.
    pub(super) fn to_record(fleet: &Arc<Fleet>, admitted: &[Admitted]) -> Self {
        let asked = admitted.iter().map(|admitted| Asked {
            call: Call { already: admitted.count, ..Call::about(admitted.client) },
            admitted_at: admitted.last,
            replies: Vec::new(),
        });
        Self { fleet: Arc::clone(fleet), asked: asked.collect(), since: None }
    }

    /// Sends it, and hands out what comes back.
    ///
    /// # Errors
    /// Some of it was not answered, or not in time.
    pub(super) async fn send(mut self, mut connection: Connection) -> Result<(), Trouble> {
        let sent = Instant::now();
        let all: Vec<usize> = (0..self.asked.len()).collect();
        let deadline = self.since.unwrap_or(sent) + DEADLINE;
        let asked = async {
            let unknown = self.ask(&mut connection, &all, false).await?;
            if unknown.is_empty() {
                return Ok(());
            }
            // A Redis that has started anew, or a node that has not met the script yet.
            match self.ask(&mut connection, &unknown, true).await?[..] {
                [] => Ok(()),
                _ => Err(Trouble::away("it forgets the script that it was told just now")),
            }
        };
        let outcome = tokio::time::timeout_at(deadline, asked).await.unwrap_or_else(|_| Err(Trouble::slow()));
        self.fleet.health.round_trip(sent.elapsed(), outcome.is_ok());
        outcome
    }

    /// Asks for some of it. Returns those for which the script was not known.
    async fn ask(
        &mut self,
        connection: &mut Connection,
        places: &[usize],
        spelt_out: bool,
    ) -> Result<Vec<usize>, Trouble> {
        let prefix = self.fleet.access.prefix();
        let commands = places.iter().map(|&place| self.asked[place].call.command(prefix, spelt_out)).collect();
        let answers = connection.send(commands).await?;
        let (mut unknown, mut wrong) = (Vec::new(), None);
        for (&place, answer) in places.iter().zip(answers) {
            let Asked { call, replies, .. } = &mut self.asked[place];
            match answer {
                Err(error) if error.code() == Some("NOSCRIPT") => unknown.push(place),
                Err(error) => wrong = Some(Trouble::from(error)),
                Ok(answer) => {
                    let Some(verdicts) = call.verdicts(&answer) else {
                        wrong = Some(Trouble::away("it gives an answer that is none"));
                        continue;
                    };
                    call.already = 0;
                    self.fleet.health.decided(verdicts.len());
                    for (reply, verdict) in replies.drain(..).zip(verdicts) {
                        // Whoever has hung up meanwhile has been counted all the same.
                        let _ = reply.send(verdict);
                    }
                }
            }
        }
        wrong.map_or(Ok(unknown), Err)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for Asked { call, admitted_at, .. } in self.asked.iter().filter(|asked| asked.call.already > 0) {
            self.fleet.untold.add(call.client, call.already, *admitted_at);
        }
    }
}
